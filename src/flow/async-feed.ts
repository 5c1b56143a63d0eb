import type { Connection } from '../connection/connection.js'
import { handlerError } from '../connection/errors.js'
import { Feed, type Feeder } from './feed.js'

/**
 * Feeds from what is asked for each packet and promises it. Promises are right here: that is what an async iterable is
 * made of.
 */
export class AsyncFeed extends Feed {
  readonly #packets: AsyncIterator<unknown, unknown>
  #asking = false
  #answer: IteratorResult<unknown, unknown> | undefined

  constructor(connection: Connection<unknown>, feeder: Feeder, packets: AsyncIterable<unknown>) {
    super(connection, feeder)
    this.#packets = packets[Symbol.asyncIterator]()
  }

  override get unfinished(): boolean {
    return !this.over
  }

  protected override flow(): void {
    while (this.ready() && !this.#asking) {
      const answer = this.#answer
      this.#answer = undefined
      if (answer === undefined) this.#ask()
      else if (answer.done === true) this.finish()
      else this.send(answer.value)
    }
  }

  protected override release(): void {
    this.attempt(() => {
      Promise.resolve(this.#packets.return?.()).catch((thrown: unknown) => {
        this.fail(handlerError('the source of sendAll', thrown))
      })
    })
  }

  #ask(): void {
    this.#asking = true
    this.#packets.next().then(
      answer => {
        this.#asking = false
        this.attempt(() => {
          // It would be asked for again and again, and nobody else would get a turn.
          if (Object(answer) !== answer) throw new TypeError('what an async iterator has promised is no result')
          this.#answer = answer
        })
        this.goOn()
      },
      (thrown: unknown) => {
        if (!this.over) this.fail(handlerError('the source of sendAll', thrown))
      },
    )
  }
}
