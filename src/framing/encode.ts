import { Observable, type OperatorFunction, type Subscriber } from 'rxjs'
import { Inlet } from '../connection/inlet.js'
import { checkOptions } from '../connection/options.js'
import { codecRule, COPIED, type Codec } from './codec.js'

/**
 * Encodes a plain Observable of packets: into a file, the standard output, a recording.
 *
 * It emits the pieces as the codec writes them, a header on its own included; each may be kept. A packet that can't be
 * encoded is an error of the stream.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @example Numbers as lines
 * ```ts
 * range(1, 3).pipe(map(String), encode(lines())).subscribe(bytes => process.stdout.write(bytes))
 * ```
 */
export function encode<Out>(
  codec: Codec<unknown, Out> | (() => Codec<unknown, Out>),
): OperatorFunction<Out, Uint8Array> {
  checkOptions('encode', { codec }, { codec: codecRule }, ['codec'])
  return source =>
    new Observable(subscriber => {
      const encoding = new Encoding(subscriber, codec)
      subscriber.add(encoding)
      source.subscribe(encoding)
    })
}

class Encoding<Out> extends Inlet<Out> {
  readonly #subscriber: Subscriber<Uint8Array>
  readonly #codec: Codec<unknown, Out>
  readonly #write: (bytes: Uint8Array) => void

  constructor(subscriber: Subscriber<Uint8Array>, codec: Codec<unknown, Out> | (() => Codec<unknown, Out>)) {
    super()
    this.#subscriber = subscriber
    this.#codec = typeof codec === 'function' ? codec() : codec
    this.#write = bytes => {
      subscriber.next(bytes.length > COPIED ? bytes : new Uint8Array(bytes))
    }
  }

  protected take(packet: Out): void {
    try {
      this.#codec.encode(packet, this.#write)
    } catch (thrown) {
      this.#subscriber.error(thrown)
    }
  }

  protected failed(error: unknown): void {
    this.#subscriber.error(error)
  }

  protected ended(): void {
    this.#subscriber.complete()
  }
}
