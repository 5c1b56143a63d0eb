/** How many members of a pool are dialled at once. */
const PARALLEL = 4

/** Starts what is put in, a few at a time: the next when one of them has `settled`. */
export class WarmUp<T> {
  readonly #start: (item: T) => void
  readonly #waiting = new Set<T>()
  readonly #underWay = new Set<T>()
  #starting = false
  #stopped = false

  constructor(start: (item: T) => void) {
    this.#start = start
  }

  /** How many are under way, or wait for it. */
  get size(): number {
    return this.#waiting.size + this.#underWay.size
  }

  add(item: T): void {
    if (this.#stopped) return
    this.#waiting.add(item)
    this.#startMore()
  }

  settled(item: T): void {
    if (this.#underWay.delete(item)) this.#startMore()
  }

  delete(item: T): void {
    this.#waiting.delete(item)
    this.settled(item)
  }

  /** Starts nothing any more, nor what waits. */
  stop(): void {
    this.#stopped = true
    this.#waiting.clear()
  }

  /** What settles at once is not started from within the start of the one before. */
  #startMore(): void {
    if (this.#starting) return
    this.#starting = true
    for (const item of this.#waiting) {
      if (this.#underWay.size >= PARALLEL) break
      this.#waiting.delete(item)
      this.#underWay.add(item)
      this.#start(item)
    }
    this.#starting = false
  }
}
