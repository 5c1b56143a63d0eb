import { Observable, type OperatorFunction } from 'rxjs'
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
      const chosen = typeof codec === 'function' ? codec() : codec
      const write = (bytes: Uint8Array): void => {
        subscriber.next(bytes.length > COPIED ? bytes : new Uint8Array(bytes))
      }
      return source.subscribe({
        next(packet) {
          try {
            chosen.encode(packet, write)
          } catch (thrown) {
            subscriber.error(thrown)
          }
        },
        error(error: unknown) {
          subscriber.error(error)
        },
        complete() {
          subscriber.complete()
        },
      })
    })
}
