import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { Inlet } from '../connection/inlet.js'
import { besides, callback, checkOptions } from '../connection/options.js'
import { codecRule, type Codec, type Decoder, type DecoderOwner } from './codec.js'

/** What `decode` can be told besides its codec. */
export interface DecodeOptions {
  /** Told the size of each frame that is left out, where the codec has `onOversize: 'skip'`. */
  readonly skipped?: (size: number) => void
}

/**
 * Decodes a plain Observable of bytes: a file, the standard input, a recording.
 *
 * What breaks the format is an error of the stream, behind the packets before it. When the bytes complete, the codec's
 * `tail` decides about an unfinished frame. A stream has one decoder for each subscription.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Lines of the standard input
 * ```ts
 * from(process.stdin as AsyncIterable<Uint8Array>).pipe(decode(lines())).subscribe(line => console.log(line))
 * ```
 */
export function decode<In>(
  codec: Codec<In, never> | (() => Codec<In, never>),
  options: DecodeOptions = {},
): OperatorFunction<Uint8Array, In> {
  checkOptions('decode', besides(options, { codec }), { codec: codecRule, skipped: callback }, ['codec'])
  return source =>
    new Observable(subscriber => {
      const decoding = new Decoding(subscriber, codec, options)
      subscriber.add(decoding)
      source.subscribe(decoding)
    })
}

class Decoding<In> extends Inlet<Uint8Array> implements DecoderOwner {
  readonly #subscriber: Subscriber<In>
  readonly #options: DecodeOptions
  readonly #decoder: Decoder<In>
  readonly #emit: (packet: In) => boolean

  constructor(subscriber: Subscriber<In>, codec: Codec<In, never> | (() => Codec<In, never>), options: DecodeOptions) {
    super()
    this.#subscriber = subscriber
    this.#options = options
    this.#decoder = (typeof codec === 'function' ? codec() : codec).decoder(this)
    this.#emit = packet => {
      subscriber.next(packet)
      return !subscriber.closed
    }
  }

  skipped(size: number): boolean {
    this.#options.skipped?.(size)
    return !this.#subscriber.closed
  }

  /** Only what is sent changes what was kept, and here nothing is sent. */
  more(): void {}

  protected take(chunk: Uint8Array): void {
    this.#orFail(() => {
      this.#decoder.decode(chunk, this.#emit)
    })
  }

  protected failed(error: unknown): void {
    this.#subscriber.error(error)
  }

  protected ended(): void {
    this.#orFail(() => {
      this.#decoder.end(this.#emit)
      this.#subscriber.complete()
    })
  }

  #orFail(task: () => void): void {
    try {
      task()
    } catch (thrown) {
      this.#subscriber.error(thrown)
    }
  }
}
