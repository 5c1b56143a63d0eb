import type { Subscriber } from 'rxjs'
import { chance } from '../connection/chance.js'
import { now } from '../connection/clock.js'
import { Deadlines } from '../connection/deadlines.js'
import { asError, SluiceError } from '../connection/errors.js'
import { Sweep } from '../connection/sweep.js'
import { Expiry } from './expiry.js'
import type { LeaseOptions } from './lease-options.js'
import { LiveLease, type Lender } from './live-lease.js'
import type { LiveMember } from './live-member.js'

/** Those from whom leases get their members. */
export interface Lot {
  /** How many members are about to be open. */
  readonly underWay: number
  /** What went wrong last, at whatever endpoint. */
  readonly lastFailure: unknown
  /** Starts one more member, if there may be more now; if there may be later, it looks at the leases again. */
  grow(): boolean
  /** Whether there are more members where this one is than are kept. */
  hasSurplus(member: LiveMember): boolean
  leaked(lease: LiveLease): void
  /** Who waits, or has one, is not the same any more. */
  asked(): void
}

/** How long leases have waited for their connection, in milliseconds. */
export interface Waits {
  /** How many got one. */
  readonly granted: number
  /** How many waited in vain. */
  readonly failed: number
  /** The longest wait of one that was granted. */
  readonly longest: number
  /** The waits of all that were granted, in sum. */
  readonly total: number
}

/** Who waits for a connection, who has one, and which are there to be had. */
export class Leases implements Lender {
  readonly #lot: Lot
  readonly #settings: Required<LeaseOptions>
  /** The oldest comes first. */
  readonly #waiting = new Set<LiveLease>()
  #line: Iterator<LiveLease, undefined> | undefined
  readonly #leased = new Set<LiveLease>()
  /** The last is leased next, so that those which are not needed grow old. */
  readonly #idle: LiveMember[] = []
  readonly #late: Deadlines<LiveLease>
  readonly #leaks: Deadlines<LiveLease>
  readonly #unused: Sweep<LiveMember>
  readonly #ageing = new Expiry<LiveMember>(member => {
    if (member.leases === 0) return // That was its connection before.
    member.aged = true
    if (member.idle) member.leave(this.#next(member))
  })
  #serving = false
  #granted = 0
  #failed = 0
  #longest = 0
  #total = 0
  #oneMore = false
  /** Whether it is worth to ask for more members: there were more the last time, or something has happened since. */
  #mayGrow = true

  constructor(lot: Lot, settings: Required<LeaseOptions>) {
    this.#lot = lot
    this.#settings = settings
    const { waitTimeout, leakAfter, idleTime } = settings
    this.#late = new Deadlines(waitTimeout, lease => {
      this.#fail(lease, 'ERR_LEASE_TIMEOUT', `no connection within ${waitTimeout} ms`)
    })
    this.#unused = new Sweep(
      idleTime,
      member => (member.idle ? member.leases : undefined),
      member => {
        if (this.#next(member) === 'finish') member.leave('finish')
      },
    )
    this.#leaks = new Deadlines(leakAfter, lease => {
      lot.leaked(lease)
    })
  }

  get pending(): number {
    return this.#waiting.size
  }

  get waits(): Waits {
    return { granted: this.#granted, failed: this.#failed, longest: this.#longest, total: this.#total }
  }

  get inUse(): number {
    return this.#leased.size
  }

  ask(subscriber: Subscriber<LiveLease>, place: Error | undefined): LiveLease {
    const lease = new LiveLease(subscriber, this, place)
    const member = this.#waiting.size === 0 ? this.#take() : undefined
    if (member === undefined) this.#queue(lease)
    else this.#grant(lease, member, 0)
    return lease
  }

  /** Gives what there is to those who wait, and asks for more where that is not enough: there may be more by now. */
  serve(): void {
    this.#mayGrow = true
    this.#goRound()
  }

  /** A member may be there to be leased. */
  look(member: LiveMember): void {
    if (!member.idle) return
    if (member.aged) {
      member.leave(this.#next(member))
      return
    }
    this.#unused.add(member)
    if (member.stacked) return
    member.stacked = true
    this.#idle.push(member)
    this.#goRound()
  }

  /** A member has gone. */
  forget(member: LiveMember): void {
    this.#ageing.delete(member)
    this.#unused.delete(member)
    if (!member.stacked) return
    member.stacked = false
    this.#idle.splice(this.#idle.indexOf(member), 1)
  }

  returned(lease: LiveLease, clean: boolean): void {
    const { member } = lease
    if (member === undefined) {
      this.#late.delete(lease)
      this.#waiting.delete(lease)
    } else {
      this.#leaks.delete(lease)
      this.#leased.delete(lease)
      this.#takeBack(member, clean)
    }
    this.#lot.asked()
  }

  /** There will be no more connections, and those that are had are lost. */
  end(why: string): void {
    for (const lease of this.#waiting) this.#fail(lease, 'ERR_POOL_CLOSED', why)
    for (const lease of this.#leased) lease.lost()
    this.#ageing.clear()
    this.#unused.clear()
  }

  /** Who is given one may give it back at once, and what is started may be open at once: that is for the next round. */
  #goRound(): void {
    this.#oneMore = true
    if (this.#serving) return
    this.#serving = true
    while (this.#oneMore && this.#waiting.size > 0) {
      this.#oneMore = false
      this.#giveOut()
      this.#growAsNeeded()
    }
    this.#serving = false
  }

  #giveOut(): void {
    while (this.#waiting.size > 0) {
      const member = this.#take()
      if (member === undefined) return
      const lease = this.#nextInLine()
      this.#late.delete(lease)
      this.#waiting.delete(lease)
      this.#grant(lease, member, now() - lease.since)
    }
  }

  /** From where it stopped: to begin at the front would mean to pass by all who have gone from there. */
  #nextInLine(): LiveLease {
    for (;;) {
      const { value, done } = (this.#line ??= this.#waiting.values()).next()
      if (done !== true) return value
      this.#line = undefined
    }
  }

  #growAsNeeded(): void {
    while (this.#mayGrow && !this.#oneMore && this.#waiting.size > this.#lot.underWay) this.#mayGrow = this.#lot.grow()
  }

  #take(): LiveMember | undefined {
    for (let member = this.#idle.pop(); member !== undefined; member = this.#idle.pop()) {
      member.stacked = false
      if (member.idle) return member
    }
    return undefined
  }

  #queue(lease: LiveLease): void {
    lease.since = now()
    this.#waiting.add(lease)
    this.#goRound()
    if (lease.state !== 'waits') return
    const { maxPending } = this.#settings
    if (this.#waiting.size > maxPending && this.#waiting.size - this.#lot.underWay > maxPending)
      this.#fail(lease, 'ERR_POOL_FULL', `all connections are in use, and ${maxPending} leases wait already`)
    else this.#late.add(lease)
    this.#lot.asked()
  }

  #grant(lease: LiveLease, member: LiveMember, wait: number): void {
    const { connection } = member
    if (connection === undefined) return
    const { leakAfter } = this.#settings
    try {
      if (member.leases === 0) this.#ageing.set(member, member.openedAt + this.#lifetime())
    } catch (thrown) {
      this.#refuse(lease, member, asError(thrown))
      return
    }
    this.#leased.add(lease)
    this.#granted += 1
    this.#longest = Math.max(this.#longest, wait)
    this.#total += wait
    member.leases += 1
    if (leakAfter !== Infinity) this.#leaks.add(lease)
    lease.grant(member, connection)
    this.#lot.asked()
  }

  #lifetime(): number {
    const { lifetime, variance, random } = this.#settings
    return lifetime * (1 - variance * chance('pool', random))
  }

  /** The connection is as good as before. */
  #refuse(lease: LiveLease, member: LiveMember, error: Error): void {
    this.#failed += 1
    lease.fail(error)
    this.look(member)
    this.#lot.asked()
  }

  #takeBack(member: LiveMember, clean: boolean): void {
    member.lessee = undefined
    if (member.connection === undefined) return
    if (clean) member.settled()
    else member.cut(this.#next(member))
  }

  /** What comes of a member whose connection is of no use any more. */
  #next(member: LiveMember): 'again' | 'finish' {
    return this.#waiting.size === 0 && this.#lot.hasSurplus(member) ? 'finish' : 'again'
  }

  #fail(lease: LiveLease, code: 'ERR_LEASE_TIMEOUT' | 'ERR_POOL_CLOSED' | 'ERR_POOL_FULL', why: string): void {
    this.#late.delete(lease)
    if (!this.#waiting.delete(lease)) return
    this.#failed += 1
    const { lastFailure } = this.#lot
    lease.fail(new SluiceError(code, `no lease: ${why}`, lastFailure === undefined ? {} : { cause: lastFailure }))
    this.#lot.asked()
  }
}
