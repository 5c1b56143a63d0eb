import { Observable, type OperatorFunction } from 'rxjs'
import type { Codec } from './codec.js'

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
 * @example Lines of the standard input
 * ```ts
 * from(process.stdin as AsyncIterable<Uint8Array>).pipe(decode(lines())).subscribe(line => console.log(line))
 * ```
 */
export function decode<In>(
  codec: Codec<In, never> | (() => Codec<In, never>),
  options: DecodeOptions = {},
): OperatorFunction<Uint8Array, In> {
  return source =>
    new Observable(subscriber => {
      const emit = (packet: In): boolean => {
        subscriber.next(packet)
        return !subscriber.closed
      }
      const decoder = (typeof codec === 'function' ? codec() : codec).decoder({
        skipped(size) {
          options.skipped?.(size)
          return !subscriber.closed
        },
        more() {
          // Only what is sent changes what was kept, and here nothing is sent.
        },
      })
      return source.subscribe({
        next(chunk) {
          try {
            decoder.decode(chunk, emit)
          } catch (thrown) {
            subscriber.error(thrown)
          }
        },
        error(error: unknown) {
          subscriber.error(error)
        },
        complete() {
          try {
            decoder.end(emit)
            subscriber.complete()
          } catch (thrown) {
            subscriber.error(thrown)
          }
        },
      })
    })
}
