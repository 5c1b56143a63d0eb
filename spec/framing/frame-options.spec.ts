import { expect } from 'chai'
import { delimiter, erlangPacket, lengthField, netstring, varint, type Codec, type FrameOptions } from 'sluice/framing'
import { run } from '../support/decoding.js'

const tooLong = 2 * 1024 * 1024

/** Each with the start of a frame that is longer than the default allows. */
const codecs: Readonly<Record<string, [make: (options: FrameOptions) => Codec<unknown, never>, start: Uint8Array]>> = {
  lengthField: [lengthField, Buffer.from([0, 0x20, 0, 0])],
  varint: [varint, Buffer.from([0x80, 0x80, 0x80, 0x01])],
  netstring: [netstring, Buffer.from(`${tooLong}:`)],
  delimiter: [options => delimiter({ delimiters: '\n', ...options }), Buffer.alloc(tooLong)],
  erlangPacket: [options => erlangPacket('sunrm', options), Buffer.from([0x80, 0x20, 0, 0])],
}

describe('The options of frames', () => {
  for (const [name, [make, start]] of Object.entries(codecs)) {
    it(`have their defaults where they are undefined: ${name}`, () => {
      const asked = { maxFrameLength: undefined, onOversize: undefined, tail: undefined } as unknown as FrameOptions
      for (const options of [{}, asked]) expect(run(make(options), start).fault).to.equal('ERR_FRAME_TOO_LONG')
    })
  }
})
