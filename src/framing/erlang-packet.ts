import { checkOptions, oneOf } from '../connection/options.js'
import type { Codec } from './codec.js'
import { delimiter } from './delimiter.js'
import { malformed } from './frame-errors.js'
import { frameRules, frameSettings, type FrameOptions } from './frame-options.js'
import { lengthField } from './length-field.js'
import { raw } from './raw.js'
import { SizedDecoder, type FrameShape } from './sized-decoder.js'
import { Slab } from './slab.js'

/** What Erlang calls the packet type of a socket. */
export type ErlangPacketMode = 'raw' | 0 | 1 | 2 | 4 | 'line' | 'tpkt' | 'asn1' | 'cdr' | 'sunrm' | 'fcgi'

/**
 * The packets of an Erlang socket that was opened with `{packet, Mode}`.
 *
 * - `raw`, `0`: no packets, see `raw`
 * - `1`, `2`, `4`: that many bytes of length, big-endian, stripped on receiving and added on sending
 * - `line`: lines of bytes with their LF
 * - `tpkt` (RFC 1006), `asn1` (BER), `cdr` (GIOP), `sunrm` (record marks of RFC 5531), `fcgi` (FastCGI records): framed
 *   when they arrive, with their header left on
 *
 * As in Erlang, all but the first two kinds only concern what arrives: who sends gives whole packets, header or LF
 * included, and they go out as they are. `maxFrameLength` is Erlang's `packet_size`, but for counting the header.
 * Unlike Erlang, a line that is too long is not cut, and BER of indefinite length, whose end its header does not tell,
 * fails with `ERR_FRAME_MALFORMED`. Source: the `packet` option in Erlang/OTP's `inet`.
 *
 * @example Talk to a socket of Erlang whose option packet is 2
 * ```ts
 * tcp.connect({ port: 4000 }).pipe(framed(erlangPacket(2)))
 * ```
 */
export function erlangPacket(mode: ErlangPacketMode, options: FrameOptions = {}): Codec<Uint8Array> {
  checkOptions(
    'erlangPacket',
    { mode, ...options },
    { mode: oneOf(...Object.keys(shapes), 'raw', 'line', 0, 1, 2, 4), ...frameRules },
  )
  switch (mode) {
    case 'raw':
    case 0:
      return raw()
    case 1:
    case 2:
    case 4:
      return lengthField({ ...options, lengthFieldLength: mode })
    case 'line':
      return receiveOnly(delimiter({ tail: 'emit', ...options, delimiters: '\n', strip: false }))
    default:
      return receiveOnly(sized(shapes[mode], options))
  }
}

function receiveOnly(codec: Pick<Codec<Uint8Array>, 'decoder'>): Codec<Uint8Array> {
  return { ...raw(), decoder: owner => codec.decoder(owner) }
}

function sized(shape: FrameShape, options: FrameOptions): Pick<Codec<Uint8Array>, 'decoder'> {
  const settings = frameSettings(options)
  const slab = new Slab()
  return { decoder: owner => new SizedDecoder(shape, slab, settings, owner) }
}

const start = (): number => 0

const tpkt: FrameShape = {
  longestHeader: 4,
  trailer: 0,
  start,
  size(bytes, at) {
    if (bytes[at] !== 3) throw malformed(`version ${bytes[at] ?? 0} of TPKT, not 3`)
    if (bytes.length - at < 4) return 0
    const size = word(bytes, at + 2)
    if (size < 4) throw malformed(`a TPKT packet of ${size} bytes, less than its header of 4`)
    return size
  },
}

/** A fragment with its record mark, of which the highest bit says whether it is the last of its record. */
const sunrm: FrameShape = {
  longestHeader: 4,
  trailer: 0,
  start,
  size: (bytes, at) => (bytes.length - at < 4 ? 0 : (((word(bytes, at) & 0x7fff) << 16) | word(bytes, at + 2)) + 4),
}

const fcgi: FrameShape = {
  longestHeader: 8,
  trailer: 0,
  start,
  size(bytes, at) {
    if (bytes[at] !== 1) throw malformed(`version ${bytes[at] ?? 0} of FastCGI, not 1`)
    return bytes.length - at < 8 ? 0 : word(bytes, at + 4) + (bytes[at + 6] ?? 0) + 8
  },
}

const GIOP = [0x47, 0x49, 0x4f, 0x50]

const cdr: FrameShape = {
  longestHeader: 12,
  trailer: 0,
  start,
  size(bytes, at) {
    const wrong = GIOP.some((byte, index) => at + index < bytes.length && bytes[at + index] !== byte)
    if (wrong) throw malformed('a GIOP message that does not start with GIOP')
    if (bytes.length - at < 12) return 0
    const little = ((bytes[at + 6] ?? 0) & 1) === 1
    return new DataView(bytes.buffer, bytes.byteOffset + at + 8, 4).getUint32(0, little) + 12
  },
}

/** Tags of more bytes than this exist in no specification, and have to be bounded. */
const LONGEST_TAG = 6
const LONGEST_LENGTH = 5

const asn1: FrameShape = {
  longestHeader: LONGEST_TAG + LONGEST_LENGTH,
  trailer: 0,
  start,
  size(bytes, at) {
    const lengthAt = endOfTag(bytes, at)
    const first = bytes[lengthAt]
    if (first === undefined) return 0
    if (first < 0x80) return lengthAt + 1 - at + first
    const more = first & 0x7f
    if (more === 0) throw malformed('BER of indefinite length, whose header does not tell its end')
    if (more >= LONGEST_LENGTH) throw malformed(`a BER length of ${more} bytes, more than 4`)
    const end = lengthAt + 1 + more
    if (end > bytes.length) return 0
    let length = 0
    for (let index = lengthAt + 1; index < end; index += 1) length = length * 256 + (bytes[index] ?? 0)
    return end - at + length
  },
}

function endOfTag(bytes: Uint8Array, at: number): number {
  const long = ((bytes[at] ?? 0) & 0x1f) === 0x1f
  let end = at + 1
  if (!long) return end
  while (end < bytes.length && (bytes[end] ?? 0) >= 0x80) end += 1
  if (end + 1 - at > LONGEST_TAG) throw malformed(`a BER tag of more than ${LONGEST_TAG} bytes`)
  return end + 1
}

function word(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
}

const shapes = { tpkt, asn1, cdr, sunrm, fcgi }
