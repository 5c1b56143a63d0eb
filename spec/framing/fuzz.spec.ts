import { expect } from 'chai'
import fc from 'fast-check'
import {
  delimiter,
  erlangPacket,
  fixed,
  lengthField,
  lines,
  ndjson,
  netstring,
  raw,
  varint,
  type Codec,
} from 'sluice/framing'
import { atOnce, course, encoded, run, withoutHandingOver } from '../support/decoding.js'
import { damaged, fuzz } from '../support/property.js'

const bytes = fc.uint8Array({ maxLength: 300 })
const text = fc.string({ unit: 'binary', maxLength: 100 }).map(line => line.replaceAll('\n', ' '))

/** Damaged bytes of packets that were sent, some of which are too long. */
function sent<Out>(codec: Codec<unknown, Out>, packet: fc.Arbitrary<Out>): fc.Arbitrary<Uint8Array> {
  return damaged(fc.array(packet, { maxLength: 12 }).map(packets => encoded(codec, packets)))
}

const any = damaged(fc.uint8Array({ maxLength: 2_000 }))
const limits = { maxFrameLength: 200 }

const formats: Readonly<Record<string, readonly [Codec<unknown, never>, fc.Arbitrary<Uint8Array>]>> = {
  'one byte of length': [
    lengthField({ lengthFieldLength: 1, ...limits }),
    sent(erlangPacket(1), fc.uint8Array({ maxLength: 255 })),
  ],
  'four bytes of length': [lengthField(limits), sent(lengthField(), bytes)],
  'eight bytes of length': [
    lengthField({ lengthFieldLength: 8, byteOrder: 'little', ...limits }),
    sent(lengthField({ lengthFieldLength: 8, byteOrder: 'little' }), bytes),
  ],
  'frames that are skipped': [lengthField({ ...limits, onOversize: 'skip' }), sent(lengthField(), bytes)],
  varint: [varint(limits), sent(varint(), bytes)],
  netstring: [netstring(limits), sent(netstring(), bytes)],
  lines: [lines({ maxLength: 60 }), sent(lines(), text)],
  'lines that are skipped': [lines({ maxLength: 60, onOversize: 'skip' }), sent(lines(), text)],
  delimiters: [delimiter({ delimiters: ['\r\n', '\n', '--'], ...limits }), any],
  ndjson: [ndjson({ maxLength: 60 }), sent(ndjson(), fc.jsonValue())],
  fixed: [fixed({ length: 7 }), any],
  raw: [raw(), any],
  tpkt: [erlangPacket('tpkt', limits), sent(erlangPacket('tpkt'), bytes)],
  asn1: [erlangPacket('asn1', limits), any],
  cdr: [erlangPacket('cdr', limits), any],
  sunrm: [erlangPacket('sunrm', limits), any],
  fcgi: [erlangPacket('fcgi', limits), any],
}

describe('Every codec, of damaged bytes', () => {
  for (const [name, [codec, damage]] of Object.entries(formats)) {
    it(`makes the same however they come: ${name}`, () => {
      fuzz(
        fc.property(damage, course, (bytes, how) => {
          const { packets, fault } = run(codec, bytes, atOnce)
          const pieces = run(codec, bytes, withoutHandingOver(how))
          expect(pieces.fault).to.equal(fault)
          expect(together(pieces.packets, name)).to.deep.equal(together(packets, name))
        }),
      )
    })
  }
})

/** Raw packets are whatever has come. */
function together(packets: readonly unknown[], name: string): unknown {
  return name === 'raw' ? Buffer.concat(packets as Uint8Array[]) : packets
}
