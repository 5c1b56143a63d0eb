import type { Observable, Observer, Subscriber } from 'rxjs'
import type { AnyEvent } from '../connection/event.js'
import { Ask } from './ask.js'
import type { Correlation } from './correlation.js'
import type { Counts } from './counts.js'
import { Exchange } from './exchange.js'
import type { AskOptions, Settings } from './request-options.js'

/** Where subscribers and asks come together: there is one exchange, for as long as somebody is there. */
export class Switchboard {
  readonly counts: Counts = { inFlight: 0, waiting: 0, late: 0, unknown: 0 }
  readonly #stream: Observable<AnyEvent>
  readonly #correlation: Correlation<unknown, unknown>
  readonly #settings: Settings
  #exchange: Exchange | undefined

  constructor(stream: Observable<AnyEvent>, correlation: Correlation<unknown, unknown>, settings: Settings) {
    this.#stream = stream
    this.#correlation = correlation
    this.#settings = settings
  }

  watch(subscriber: Subscriber<AnyEvent>): void {
    const exchange = this.#running()
    exchange.watch(subscriber)
    exchange.connect(this.#stream)
  }

  ask(packet: unknown, observer: Observer<unknown>, options: AskOptions | undefined): Ask {
    const exchange = this.#running()
    const { asks } = exchange
    const ask = new Ask(asks, packet, observer, options?.timeout ?? this.#settings.timeout, options)
    exchange.hold()
    exchange.connect(this.#stream)
    asks.start(ask)
    return ask
  }

  #running(): Exchange {
    const exchange = (this.#exchange ??= new Exchange(this.#correlation, this.#settings, this.counts, () => {
      if (this.#exchange === exchange) this.#exchange = undefined
    }))
    return exchange
  }
}
