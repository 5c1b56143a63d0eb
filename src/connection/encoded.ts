import type { Connection } from './connection.js'

/**
 * What makes bytes of packets. Connections that name the same one send the same bytes for a packet, so that what is for
 * many is encoded once. A wrapper that sends in its own way names none, and is sent the packet itself.
 */
export const encoder = Symbol('sluice.encoder')

/** How the bytes that it has made are sent, without being encoded or copied again. */
export const sendEncoded = Symbol('sluice.sendEncoded')

/** How bytes that are at hand in pieces are sent as one packet, where packets stay whole: as a message. */
export const sendWhole = Symbol('sluice.sendWhole')

export interface Encoder<in Out> {
  encode(packet: Out, write: (bytes: Uint8Array) => void): void
}

export interface SendsEncoded<in Out> {
  readonly [encoder]: Encoder<Out> | undefined
  /**
   * Like `send`, for a packet that its encoder has made bytes of.
   *
   * @param pieces all of its bytes, in as few pieces as they could be made; nobody will write into them
   */
  [sendEncoded](pieces: readonly Uint8Array[]): boolean
}

/** The connection as one that shares its encoder, where it is. */
export function sharesEncoder<Out>(connection: Connection<Out>): (SendsEncoded<Out> & Connection<Out>) | undefined {
  const sends = connection as Connection<Out> & Partial<SendsEncoded<Out>>
  return sends[encoder] === undefined ? undefined : (sends as SendsEncoded<Out> & Connection<Out>)
}

export interface SendsWhole {
  /** Like `send`, for all of them together; nobody will write into them. */
  [sendWhole](pieces: readonly Uint8Array[]): boolean
}

export function sendsWhole(connection: Connection): connection is Connection & SendsWhole {
  return (connection as Connection & Partial<SendsWhole>)[sendWhole] !== undefined
}

/** Sends what is encoded on a connection of bytes, as well as that can. */
export function sendPieces(connection: Connection, pieces: readonly Uint8Array[]): boolean {
  if (sendsWhole(connection)) return connection[sendWhole](pieces)
  const sends = connection as Connection & Partial<SendsEncoded<Uint8Array>>
  // Where something is made of bytes in turn, in frames, say, they are packets like any others.
  if (sends[encoder] === plainBytes && sends[sendEncoded] !== undefined) return sends[sendEncoded](pieces)
  let accepted = true
  for (const piece of pieces) accepted = connection.send(piece)
  return accepted
}

/** The encoder of connections of bytes: nothing is left to be done. */
export const plainBytes: Encoder<unknown> = {
  encode(packet, write) {
    if (!(packet instanceof Uint8Array)) throw notBytes(packet)
    write(packet)
  },
}

export function notBytes(packet: unknown): TypeError {
  return new TypeError(`a connection of bytes sends a Uint8Array, not ${packet === null ? 'null' : typeof packet}`)
}
