/**
 * Copies bytes out of what they are a part of.
 *
 * A packet is usually a view of the chunk it came in, and keeps up to 64 KiB alive for as long as it is held. That
 * costs nothing where packets are used and forgotten; detach those that you keep.
 *
 * @example Keep the last packet of each client
 * ```ts
 * server.subscribe(event => {
 *   if (event.type === 'packet') last.set(event.connection.id, detach(event.packet))
 * })
 * ```
 */
export function detach(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
