import { expect } from 'chai'
import fc from 'fast-check'
import { Subject, type Subscription } from 'rxjs'
import type { ConnectionEvent, Loaded } from 'sluice'
import { byId, inOrder, requests, type Correlation } from 'sluice/request'
import { recordingConnection, type RecordingConnection } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { check } from '../support/property.js'

type Member = RecordingConnection<string> & Loaded

/** What happens to a requester with up to three connections, one thing a millisecond. */
const happening = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ what: fc.constant('ask'), timeout: fc.integer({ min: 1, max: 30 }), again: fc.boolean() }),
  },
  { weight: 5, arbitrary: fc.record({ what: fc.constant('answer'), on: fc.nat(), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ what: fc.constant('cancel'), which: fc.nat() }) },
  {
    weight: 1,
    arbitrary: fc.record({ what: fc.constantFrom('open', 'open', 'open', 'close', 'end', 'stray'), on: fc.nat() }),
  },
  { weight: 1, arbitrary: fc.record({ what: fc.constantFrom('full', 'drain', 'drain', 'drain'), on: fc.nat() }) },
)
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never

/** An id is followed by the number of what is asked, which the answer has too: so it shows whose it is. */
const correlations: Readonly<Record<string, Correlation<string, string>>> = {
  'by id': byId({ put: (packet, id) => `${id}:${packet}`, get: packet => Number(packet.split(':')[0]), maxId: 40 }),
  'in order': inOrder(),
}

describe('Asks', () => {
  for (const [name, correlation] of Object.entries(correlations)) {
    it(`${name} are settled once, by what is theirs, and nothing is left of them, whatever happens`, () => {
      check(
        fc.property(fc.array(happening, { maxLength: 200, size: 'max' }), happenings => {
          live(correlation, happenings)
        }),
        300,
      )
    })
  }
})

/** What is known of one ask. */
interface Life {
  readonly number: number
  readonly subscription: Subscription
  answers: string[]
  ends: number
}

/** What was sent on a connection and is not answered yet, oldest first. */
type Unanswered = string[]

function live(correlation: Correlation<string, string>, happenings: readonly Happening[]): void {
  diary(({ at, scheduler }) => {
    const events = new Subject<ConnectionEvent<string, Member>>()
    const requester = requests(events, correlation, { maxInFlight: 6, maxWaiting: 5 })
    const watching = requester.subscribe({ error: () => undefined })
    const lives: Life[] = []
    const members: Member[] = []
    const unanswered = new Map<Member, Unanswered>()
    const cancelled = new Set<Life>()

    const open = (): Member[] => members.filter(({ state }) => state === 'open')
    const pick = <T>(from: readonly T[], which: number): T | undefined => from[which % from.length]

    const acts: Record<string, (happening: Happening) => void> = {
      ask(happening) {
        if (!('timeout' in happening)) return
        const { timeout, again } = happening
        const number = lives.length
        const answers: string[] = []
        const life = { number, answers, ends: 0 } as { -readonly [K in keyof Life]: Life[K] }
        lives.push(life)
        const end = (): void => void (life.ends += 1)
        life.subscription = requester
          .ask(String(number), { timeout, idempotent: again })
          .subscribe({ next: answer => answers.push(answer), complete: end, error: end })
      },
      answer(happening) {
        if (!('which' in happening) || !('on' in happening)) return
        const member = pick(open(), happening.on)
        const left = member && unanswered.get(member)
        if (member === undefined || left === undefined || left.length === 0) return
        const [packet = ''] = left.splice(correlation.kind === 'by id' ? happening.which % left.length : 0, 1)
        events.next({ type: 'packet', connection: member, packet })
      },
      cancel(happening) {
        const life = 'which' in happening ? pick(lives, happening.which) : undefined
        if (life === undefined || life.ends > 0) return
        cancelled.add(life)
        life.subscription.unsubscribe()
      },
      open() {
        if (open().length === 3) return
        const member = Object.assign(recordingConnection<string>(), { inFlight: 0 })
        const left: Unanswered = []
        member.asked.subscribe(call => {
          if (call.call !== 'send') return
          const [id] = call.packet.split(':')
          if (correlation.kind === 'by id') expect(left.map(packet => packet.split(':')[0])).not.to.include(id)
          left.push(call.packet)
        })
        members.push(member)
        unanswered.set(member, left)
        events.next({ type: 'open', connection: member, session: 1 })
      },
      close(happening) {
        const member = 'on' in happening ? pick(open(), happening.on) : undefined
        if (member === undefined) return
        member.state = 'closed'
        events.next({ type: 'close', connection: member, reason: 'remote', bytesUnsent: 0 })
      },
      end(happening) {
        const member = 'on' in happening ? pick(open(), happening.on) : undefined
        if (member === undefined) return
        events.next({ type: 'end', connection: member })
        acts['close']?.({ what: 'close', on: open().indexOf(member) })
      },
      stray(happening) {
        const member = 'on' in happening ? pick(open(), happening.on) : undefined
        if (member !== undefined && correlation.kind === 'by id')
          events.next({ type: 'packet', connection: member, packet: '41:stray' })
      },
      full(happening) {
        const member = 'on' in happening ? pick(open(), happening.on) : undefined
        if (member !== undefined) member.answer = false
      },
      drain(happening) {
        const member = 'on' in happening ? pick(open(), happening.on) : undefined
        if (member === undefined) return
        member.answer = true
        events.next({ type: 'drain', connection: member })
      },
    }

    /** Lets nobody leave more unanswered than ids are remembered. */
    const catchUp = (): void => {
      for (const member of open()) {
        const left = unanswered.get(member) ?? []
        while (left.length > 12) events.next({ type: 'packet', connection: member, packet: left.shift() ?? '' })
      }
    }

    const consistent = (): void => {
      const pending = lives.filter(life => life.ends === 0 && !cancelled.has(life)).length
      expect(requester.inFlight + requester.waiting).to.equal(pending)
      expect(open().reduce((sum, { inFlight }) => sum + inFlight, 0)).to.equal(requester.inFlight)
      expect(requester.waiting).to.be.at.most(5 + 18)
    }

    acts['open']?.({ what: 'open', on: 0 })
    happenings.forEach((happening, index) => {
      at(index + 1, () => {
        acts[happening.what]?.(happening)
        catchUp()
        consistent()
      })
    })
    scheduler.schedule(() => {
      consistent()
      expect(requester.inFlight + requester.waiting).to.equal(0)
      for (const { number, answers, ends } of lives) {
        expect(answers.length).to.be.at.most(1)
        for (const answer of answers) expect(answer.split(':').at(-1)).to.equal(String(number))
        expect(ends).to.be.at.most(1)
      }
      for (const life of lives) expect(life.ends === 1, `settled ${life.number}`).to.equal(!cancelled.has(life))
      watching.unsubscribe()
      expect(events.observed).to.be.false
      expect(scheduler.actions).to.deep.equal([])
    }, happenings.length + 100)
  })
}
