import { Observable, type OperatorFunction } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import type { ByteEvent, ConnectionEvent, ConnectionOf, WithPacket, WithSent } from '../connection/event.js'
import { checkOptions } from '../connection/options.js'
import { codecRule, type Codec } from './codec.js'
import { FramedStream } from './framed-stream.js'

/**
 * A frame that arrived was too long and has been left out, since its codec has `onOversize: 'skip'`: what stands in the
 * place of its packet.
 */
export interface SkippedEvent<C extends Connection<never> = Connection> {
  readonly type: 'skipped'
  /** Where it has arrived. */
  readonly connection: C
  /**
   * Its bytes, as far as they were known by then: all that a length field declares, or what had been read of a frame
   * that ends with a delimiter.
   */
  readonly size: number
}

/** The events `E` of a stream of bytes, with packets. */
export type Framed<E, In, Out> = WithSent<WithPacket<E, In> | SkippedEvent<ConnectionOf<E>>, Out>

/**
 * Turns a stream of bytes into a stream of packets, in both directions: `packet` events carry what the codec decodes,
 * `connection.send` takes what it encodes.
 *
 * It works on any number of connections, dialled, accepted or merged; all other events pass. A pause stops between two
 * packets of one chunk: what is not decoded waits, and only when it has been told the connection reads on. The `end`
 * comes behind the last packets.
 *
 * What breaks the format closes that connection and no other: the packets before the fault are told, then its `close`
 * with `ERR_FRAME_TOO_LONG`, `ERR_FRAME_MALFORMED` or `ERR_FRAME_TRUNCATED`; if a codec throws anything else, with
 * `ERR_HANDLER`. A frame that is left out because of `onOversize: 'skip'` is a `skipped` event. A packet that can't be
 * encoded throws at its sender, and nothing of it is sent.
 *
 * @throws `SluiceError` with code `ERR_OPTIONS`
 *
 * @param codec the codec of all, or a function that answers one for each connection: by its ALPN, or because it has a
 * state (`switchable`)
 *
 * @example An echo server
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(framed(lines())).subscribe(event => {
 *   if (event.type === 'packet') event.connection.send(event.packet)
 * })
 * ```
 */
export function framed<In, Out, E extends ByteEvent = ConnectionEvent>(
  codec: Codec<In, Out> | ((connection: Connection) => Codec<In, Out>),
): OperatorFunction<E, Framed<E, In, Out>> {
  checkOptions('framed', { codec }, { codec: codecRule }, ['codec'])
  return source =>
    new Observable(subscriber => {
      const stream = new FramedStream(subscriber, codec)
      subscriber.add(stream)
      source.subscribe(stream)
    })
}
