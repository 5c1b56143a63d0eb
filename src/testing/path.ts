import { timer, type Subscription } from 'rxjs'
import { now } from '../connection/clock.js'
import type { LinkSettings } from './memory-options.js'

/** Who reads what a path has brought. */
export interface Receiver {
  read(): void
}

interface Carried {
  due: number
  readonly to: Receiver
  readonly arrive: () => void
}

/**
 * One direction of the way between two hosts: what is sent first arrives first, one thing after the other. What need
 * not wait arrives at once; for all the rest there is one timer.
 */
export class Path {
  readonly #settings: () => LinkSettings
  readonly #random: () => number
  readonly #underway: Carried[] = []
  #timer: Subscription | undefined
  /** When the last byte that was sent will have left. */
  #free = 0
  #delivering = false
  #cut = false

  constructor(settings: () => LinkSettings, random: () => number) {
    this.#settings = settings
    this.#random = random
  }

  get settings(): LinkSettings {
    return this.#settings()
  }

  carry(size: number, to: Receiver, arrive: () => void): void {
    const { latency, jitter, bandwidth } = this.#settings()
    const underwayFor = latency + (jitter > 0 ? jitter * this.#random() : 0)
    this.#free = Math.max(this.#free, now()) + size / bandwidth
    // Whole milliseconds, as a diagram has no others; rounded here and not before, so that many small things add up
    // right.
    const due = Math.ceil(this.#free + underwayFor)
    this.#underway.push({ due: Math.max(due, this.#underway.at(-1)?.due ?? 0), to, arrive })
    this.#deliver()
  }

  /** From now on nothing arrives, and nobody is told. */
  cut(): void {
    this.#cut = true
    this.#rest()
  }

  /** What was under way is sent again. */
  heal(): void {
    if (!this.#cut) return
    this.#cut = false
    const soonest = now() + this.#settings().latency
    for (const carried of this.#underway) carried.due = Math.max(carried.due, soonest)
    this.#deliver()
  }

  #deliver(): void {
    if (this.#delivering) return
    this.#delivering = true
    for (let next = this.#nextDue(); next !== undefined; next = this.#nextDue()) {
      this.#underway.shift()
      next.arrive()
      if (this.#nextDue()?.to !== next.to) next.to.read()
    }
    this.#delivering = false
    this.#wait()
  }

  #nextDue(): Carried | undefined {
    const [next] = this.#underway
    return next !== undefined && !this.#cut && next.due <= now() ? next : undefined
  }

  #wait(): void {
    const [next] = this.#underway
    if (next === undefined || this.#cut) return
    this.#timer ??= timer(next.due - now()).subscribe(() => {
      this.#rest()
      this.#deliver()
    })
  }

  #rest(): void {
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }
}
