import type { Codec, Decoder, DecoderOwner } from './codec.js'
import { NOTHING } from './cutter.js'

/**
 * A codec for both directions, or one for each. Its packets are among those of the whole, so it may know less of them.
 */
export type Switch<In> =
  Codec<In, never> | { readonly receive?: Codec<In, never>; readonly send?: Codec<unknown, never> }

/** When to go on with another codec. A rule that answers `undefined` changes nothing. */
export interface SwitchRules<In, Out> {
  /**
   * Asked about each packet that arrives, before it is told: what it answers counts for the bytes behind the packet,
   * and for replies to it.
   */
  readonly received?: (packet: In) => Switch<In> | undefined
  /**
   * Asked about each packet that was sent: what it answers counts for packets sent behind it, and for all bytes not yet
   * decoded.
   */
  readonly sent?: (packet: Out) => Switch<In> | undefined
}

/**
 * A codec that goes on as another in mid-stream, without losing a byte.
 *
 * Whatever makes two peers change their language is itself a packet, so a switch is a rule about packets: one that
 * arrived (the answer to an HTTP upgrade, a header in front of the payload) or one that was sent (the `354` that lets a
 * mail come in). Bytes that have arrived and are not decoded yet are handed to the next codec, and so on for as many
 * switches as you like. What can be sent depends on where the conversation is: a packet that the codec of the moment
 * can't encode throws at its sender.
 *
 * It has a state, so what is answered makes a codec for one connection; `framed`, `decode` and `encode` take it as it
 * is.
 *
 * @typeParam In what may arrive, of all the codecs
 * @typeParam Out what may be sent, of all the codecs
 *
 * @example A mail server: after its 354 come lines up to a single dot, as one packet of bytes
 * ```ts
 * const body = delimiter({ delimiters: '\r\n.\r\n' })
 * const smtp = switchable<string | Uint8Array, string>(lines(), {
 *   sent: reply => (reply.startsWith('354') ? { receive: body } : undefined),
 *   received: packet => (typeof packet === 'string' ? undefined : { receive: lines() }),
 * })
 * ```
 */
export function switchable<In, Out = In>(
  first: Codec<In, never> | { readonly receive: Codec<In, never>; readonly send: Codec<unknown, never> },
  rules: SwitchRules<In, Out>,
): () => Codec<In, Out> {
  const { receive, send } = 'decoder' in first ? { receive: first, send: first } : first
  return () => new SwitchableCodec(receive, send, rules)
}

class SwitchableCodec<In, Out> implements Codec<In, Out> {
  readonly #rules: SwitchRules<In, Out>
  #receive: Codec<In, never>
  #send: Codec<unknown, never>
  #decoder: SwitchableDecoder<In> | undefined
  #owner: DecoderOwner | undefined

  constructor(receive: Codec<In, never>, send: Codec<unknown, never>, rules: SwitchRules<In, Out>) {
    this.#receive = receive
    this.#send = send
    this.#rules = rules
  }

  decoder(owner?: DecoderOwner): Decoder<In> {
    this.#owner = owner
    this.#decoder = new SwitchableDecoder(this.#receive, owner, packet => {
      this.#follow(this.#rules.received?.(packet))
    })
    return this.#decoder
  }

  encode(packet: Out, write: (bytes: Uint8Array) => void): void {
    ;(this.#send as Codec<unknown, Out>).encode(packet, write)
    if (this.#follow(this.#rules.sent?.(packet))) this.#owner?.more()
  }

  /** Answers whether what arrives is read in another way from now on. */
  #follow(next: Switch<In> | undefined): boolean {
    if (next === undefined) return false
    const { receive = this.#receive, send = this.#send } = 'decoder' in next ? { receive: next, send: next } : next
    this.#send = send
    if (receive === this.#receive) return false
    this.#receive = receive
    this.#decoder?.become(receive)
    return true
  }
}

class SwitchableDecoder<In> implements Decoder<In> {
  readonly #owner: DecoderOwner
  readonly #told: (packet: In) => boolean
  #decoder: Decoder<In>
  #emit: (packet: In) => boolean = () => true
  /** What the decoder before has left and this one has not been given yet. */
  #left: Uint8Array = NOTHING
  #switched = false
  #stopped = false

  constructor(codec: Codec<In, never>, owner: DecoderOwner | undefined, received: (packet: In) => void) {
    this.#owner = {
      skipped: size => this.#goOnAfter(owner?.skipped(size) ?? true),
      more() {
        owner?.more()
      },
    }
    this.#decoder = codec.decoder(this.#owner)
    this.#told = packet => {
      received(packet)
      return this.#goOnAfter(this.#emit(packet))
    }
  }

  /** Goes on as another. Within `emit` too: the decoder in hand has nothing left then. */
  become(codec: Codec<In, never>): void {
    this.#left = this.rest()
    this.#decoder = codec.decoder(this.#owner)
    this.#switched = true
  }

  decode(chunk: Uint8Array, emit: (packet: In) => boolean): void {
    this.#begin(emit)
    let bytes = joined(this.#left, chunk)
    do {
      this.#left = NOTHING
      this.#switched = false
      this.#decoder.decode(bytes, this.#told)
      bytes = this.#left
    } while (this.#goesOn())
  }

  rest(): Uint8Array {
    const rest = joined(this.#decoder.rest(), this.#left)
    this.#left = NOTHING
    return rest
  }

  end(emit: (packet: In) => boolean): void {
    do {
      this.decode(NOTHING, emit)
      if (this.#stopped) return
      this.#switched = false
      this.#decoder.end(this.#told)
    } while (this.#goesOn())
  }

  #begin(emit: (packet: In) => boolean): void {
    this.#emit = emit
    this.#stopped = false
  }

  /** What was told may have stopped us. */
  #goOnAfter(goesOn: boolean): boolean {
    if (!goesOn) this.#stopped = true
    return !this.#stopped
  }

  #goesOn(): boolean {
    return this.#switched && !this.#stopped
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second
  if (second.length === 0) return first
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}
