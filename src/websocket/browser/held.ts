import { SluiceError } from '../../connection/errors.js'
import type { Line } from '../../connection/wire.js'
import type { Message } from '../message.js'

/** What a message takes at least, in bytes, however short it is. */
const LEAST = 64

/** The messages that have come while we were paused, as the platform can't be told to wait. */
export class Held {
  readonly #line: Line<Message>
  readonly #limit: number
  #messages: { readonly message: Message; readonly cost: number }[] = []
  #size = 0
  #reading = false
  #telling = false

  /** @param limit bytes */
  constructor(line: Line<Message>, limit: number) {
    this.#line = line
    this.#limit = limit
  }

  pause(): void {
    this.#reading = false
  }

  resume(): void {
    this.#reading = true
    this.#tell(() => this.#reading)
  }

  take(message: Message, size: number): void {
    if (this.#reading && this.#messages.length === 0) {
      this.#line.received(message, size)
      return
    }
    const cost = Math.max(size, LEAST)
    this.#line.heard(size)
    this.#size += cost
    if (this.#size > this.#limit) this.#line.destroy(overflow(this.#size, this.#limit))
    else this.#messages.push({ message, cost })
  }

  /** Nothing more will come, and whoever has paused us keeps the rest. */
  tellAll(): void {
    this.#tell(() => true)
  }

  /** Nothing of it will be told. */
  clear(): void {
    this.#messages = []
  }

  #tell(goesOn: () => boolean): void {
    if (this.#telling) return
    this.#telling = true
    let told = 0
    for (const { message, cost } of this.#messages) {
      if (!goesOn()) break
      told += 1
      this.#size -= cost
      this.#line.received(message, 0)
    }
    this.#messages.splice(0, told)
    this.#telling = false
  }
}

function overflow(held: number, limit: number): SluiceError {
  const message = `${held} bytes have come while the connection was paused, more than the ${limit} of maxHeld`
  return new SluiceError('ERR_RECEIVE_OVERFLOW', message)
}
