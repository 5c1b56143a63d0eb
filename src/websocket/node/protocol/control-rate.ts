import { now } from '../../../connection/clock.js'
import { SluiceError } from '../../../connection/errors.js'

/** How many pings and pongs come in a second of the clock. */
export class ControlRate {
  readonly #most: number
  #second = 0
  #count = 0

  constructor(most: number) {
    this.#most = most
  }

  /** Throws `ERR_FLOOD` for one too many. */
  add(): void {
    const second = Math.floor(now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#count = 0
    }
    this.#count += 1
    if (this.#count > this.#most)
      throw new SluiceError('ERR_FLOOD', `more pings and pongs in a second than the ${this.#most} of maxPings`)
  }
}
