import { now } from './clock.js'

/**
 * How long it has been running, in milliseconds: a small number, which needs no memory of its own as the time of a clock does.
 *
 * A clock may be set back, and what is due by it would be late by as much: this goes on from where it was last looked at.
 */
export class Stopwatch {
  #start = now()
  #latest = 0

  get elapsed(): number {
    const elapsed = now() - this.#start
    if (elapsed < this.#latest) this.#start -= this.#latest - elapsed
    else this.#latest = elapsed
    return this.#latest
  }
}
