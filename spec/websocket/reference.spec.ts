import { expect } from 'chai'
import fc from 'fast-check'
import type { Subscription } from 'rxjs'
import { check, damaged, fuzz } from '../support/property.js'
import { withRawPeer, shownPacket, type Packet, type RawPeerOptions, type Role } from '../support/websocket/raw-peer.js'
import { fragments, type RawFrame } from '../support/websocket/raw-frame.js'
import { understood, written } from '../support/websocket/reference.js'

const BINARY = 2
const payload = fc.oneof(
  { weight: 39, arbitrary: fc.string({ unit: 'binary', maxLength: 200 }).map(words => Buffer.from(words)) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 17_000 }).map(count => Buffer.from('x€'.repeat(count))) },
)

/** How chunks are cut: their sizes, again and again from the start. */
const cuts = fc.oneof(
  fc.constant([1, 1, 1, 1, 1, 1, 1, 5_000]),
  fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 8 }),
  fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 8 }),
  fc.constant([10_000_000]),
)

const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  payload: fc.uint8Array({ maxLength: 125 }).map(bytes => Buffer.from(bytes)),
})

/** A text or a binary message, where it is cut into fragments, and what comes between those. */
const message = fc.record({
  opcode: fc.constantFrom(1, BINARY),
  payload,
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 }),
  between: fc.array(control, { maxLength: 5 }),
})
type Sent = typeof message extends fc.Arbitrary<infer T> ? T : never

/** The frames in which a message comes: a character may be cut in two. */
function framesOf({ opcode, payload: whole, cuts: at, between }: Sent): RawFrame[] {
  const borders = [0, ...at.map(share => Math.round(share * whole.length)).sort((a, b) => a - b), whole.length]
  const parts = borders.slice(1).map((end, index) => whole.subarray(borders[index], end))
  return fragments(opcode, ...parts).flatMap((frame, index) => {
    const next = between[index]
    return next === undefined ? [frame] : [frame, next]
  })
}

const kinds: Readonly<Record<number, 'ping' | 'pong'>> = { 9: 'ping', 10: 'pong' }

/** What is told of frames that follow the rules: whole messages when their last fragment has come. */
function toldOf(messages: readonly Sent[]): string[] {
  return messages.flatMap(sent => {
    const whole = sent.opcode === BINARY ? sent.payload : sent.payload.toString()
    const frames = framesOf(sent)
    const last = frames.findLastIndex(({ opcode }) => kinds[opcode] === undefined)
    return frames.flatMap(({ opcode, payload: data = '' }, index) => {
      const type = kinds[opcode]
      if (type !== undefined) return [shownPacket({ type, data: Buffer.from(data) })]
      return index === last ? [shownPacket(whole)] : []
    })
  })
}

function chunksOf(bytes: Uint8Array, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1
    chunks.push(Buffer.from(bytes.subarray(at, at + size)))
    at += size
  }
  return chunks
}

const options = { control: true, maxPings: Infinity, maxBuffered: Infinity }

for (const role of ['server', 'client'] as const) {
  const other: Role = role === 'server' ? 'client' : 'server'

  describe(`Frames, held against ws, as a ${role}`, () => {
    it('that ws writes are understood, however they are cut into fragments and chunks, and with any pauses', () => {
      const pauses = fc.oneof(fc.constant([false]), fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }))
      check(
        fc.property(fc.array(message, { maxLength: 6 }), cuts, pauses, (messages, sizes, stops) => {
          const bytes = Buffer.concat(messages.flatMap(framesOf).map(frame => written(role, frame)))
          const chunks = chunksOf(bytes, sizes)
          const told = toldOf(messages)
          expect(understood(role, chunks).told).to.deep.equal(told)
          const holders: Subscription[] = []
          const react: RawPeerOptions['react'] = (event, { told: { length } }) => {
            if (event.type === 'packet' && stops[length % stops.length] === true) holders.push(event.connection.pause())
          }
          withRawPeer(role, { ...options, react }, peer => {
            for (const chunk of chunks) {
              peer.sends(chunk)
              if (chunk.length % 3 === 0) holders.pop()?.unsubscribe()
            }
            for (let holder = holders.pop(); holder !== undefined; holder = holders.pop()) holder.unsubscribe()
            expect(peer.told).to.deep.equal(told)
            const pings = told.filter(words => words.startsWith('ping'))
            expect(peer.heard).to.deep.equal(pings.map(words => words.replace('i', 'o')))
          })
        }),
        100,
      )
    })

    it('that we write are understood by ws', () => {
      const packet: fc.Arbitrary<Packet> = fc.oneof(
        payload.map(bytes => bytes.toString()),
        payload,
        fc.record({ type: fc.constantFrom('ping', 'pong'), data: fc.uint8Array({ maxLength: 125 }) }),
      )
      check(
        fc.property(
          fc.array(packet, { maxLength: 10 }),
          cuts,
          fc.constantFrom(0, 1_024, 65_536),
          (packets, sizes, copies) => {
            const bytes = withRawPeer(role, { ...options, copies }, peer => {
              for (const each of packets) peer.connection.send(each)
              peer.connection.close({ code: 4000 })
              return peer.bytes
            })
            expect(understood(other, chunksOf(bytes, sizes))).to.deep.equal({
              told: packets.map(shownPacket),
              closed: 4000,
              fault: undefined,
            })
          },
        ),
        60,
      )
    })

    it('that are damaged are understood as far as ws does, and faults are told by the same code', () => {
      const frame = fc.oneof(
        { weight: 8, arbitrary: message.map(framesOf) },
        {
          weight: 1,
          arbitrary: fc
            .record({
              opcode: fc.constant(8),
              payload: fc.uint8Array({ maxLength: 10 }).map(bytes => Buffer.from(bytes)),
            })
            .map(each => [each]),
        },
      )
      const bytes = damaged(
        fc.array(frame, { maxLength: 6 }).map(frames => Buffer.concat(frames.flat().map(each => written(role, each)))),
      )
      fuzz(
        fc.property(bytes, cuts, (input, sizes) => {
          const { told, said, last } = withRawPeer(
            role,
            { ...options, maxPayload: 100_000, maxFragments: Infinity },
            peer => {
              for (const chunk of chunksOf(input, sizes)) peer.sends(chunk)
              peer.wire.finish()
              peer.pass(10_000)
              const close = peer.events.at(-1)
              if (close?.type !== 'close') throw new Error('it is not over')
              return {
                told: peer.told.filter(words => !/^(end|close|error|complete)/.test(words)),
                said: Number(/^close (\d+)/.exec(peer.heard.at(-1) ?? '')?.[1] ?? 1006),
                last: close,
              }
            },
          )
          const { code, error } = last
          // A fault in the first byte of a header is told before the second has come, for which ws waits.
          const more = said === 1006 ? [] : [Buffer.alloc(14)]
          const reference = understood(role, [...chunksOf(input, sizes), ...more], 100_000)
          // That a length is written in as few bytes as can be is not asked by ws.
          if (/as few bytes|negative/.test(error?.message ?? '')) {
            expect(reference.told.slice(0, told.length)).to.deep.equal(told)
            expect(said).to.equal(1002)
            return
          }
          expect(told).to.deep.equal(reference.told)
          if (reference.fault !== undefined) expect(said).to.equal(reference.fault)
          else if (reference.closed !== undefined) expect(code).to.equal(reference.closed)
          else expect(error).to.include({ code: 'ERR_CLOSED_ABNORMALLY' })
        }),
      )
    })
  })
}
