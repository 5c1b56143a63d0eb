import fc from 'fast-check'
import type { Codec, Decoder } from 'sluice/framing'

const NOTHING = new Uint8Array()

/** What a decoder made of some bytes. */
export interface Outcome<In> {
  readonly packets: readonly In[]
  readonly skipped: readonly number[]
  /** The code of the error it ended with. */
  readonly fault: string | undefined
}

/** How bytes arrive, and how the one who takes the packets behaves. */
export interface Course {
  /** The sizes of the chunks, again and again from the start. */
  readonly cuts: readonly number[]
  /** What `emit` answers, again and again from the start. */
  readonly answers: readonly boolean[]
  /**
   * What is done where `emit` answered `false`: the decoder is asked to go on, is given the next chunk at once, or has
   * to hand what is left to a fresh decoder.
   */
  readonly then: 'go on' | 'next chunk' | 'hand over'
}

/** Chunks of one byte, of a few, and of many; packets taken at once, or with stops. */
export const course: fc.Arbitrary<Course> = fc.record({
  cuts: fc.oneof(
    fc.constant([1]),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 8 }),
    fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }),
    fc.constant([1_000_000]),
  ),
  answers: fc.oneof(fc.constant([true]), fc.constant([false]), fc.array(fc.boolean(), { minLength: 1, maxLength: 8 })),
  then: fc.constantFrom('go on', 'next chunk', 'hand over'),
})

/** The same, where a frame is being left out, of which a fresh decoder could not know. */
export function withoutHandingOver(how: Course): Course {
  return how.then === 'hand over' ? { ...how, then: 'go on' } : how
}

export const atOnce: Course = { cuts: [1_000_000_000], answers: [true], then: 'go on' }

/** Runs a decoder over bytes that arrive in pieces, to the end of the input. */
export function run<In>(
  codec: Codec<In, never>,
  bytes: Uint8Array,
  { cuts, answers, then }: Course = atOnce,
): Outcome<In> {
  const packets: In[] = []
  const skipped: number[] = []
  let stopped = false
  let asked = 0
  const isStopped = (): boolean => stopped
  const answer = (): boolean => {
    if (stopped) throw new Error('told after it was answered false')
    stopped = answers[asked++ % answers.length] === false
    return !stopped
  }
  const owner = {
    skipped(size: number) {
      skipped.push(size)
      return answer()
    },
    more() {},
  }
  let decoder: Decoder<In> = codec.decoder(owner)
  const emit = (packet: In): boolean => {
    packets.push(packet)
    return answer()
  }
  const goneOn = (): boolean => {
    if (!stopped) return false
    while (isStopped()) {
      stopped = false
      if (then === 'hand over') {
        const rest = decoder.rest()
        decoder = codec.decoder(owner)
        decoder.decode(rest, emit)
      } else decoder.decode(NOTHING, emit)
    }
    return true
  }
  try {
    for (const chunk of chunksOf(bytes, cuts)) {
      decoder.decode(chunk, emit)
      if (then === 'next chunk') stopped = false
      else goneOn()
    }
    do decoder.end(emit)
    while (goneOn())
    return { packets, skipped, fault: undefined }
  } catch (thrown) {
    const { code } = thrown as { code?: string }
    if (code === undefined) throw thrown
    return { packets, skipped, fault: code }
  }
}

/** What a codec writes for some packets, each piece as it was when it was written. */
export function encoded<Out>(codec: Codec<unknown, Out>, packets: readonly Out[]): Uint8Array {
  const pieces: Uint8Array[] = []
  for (const packet of packets) {
    codec.encode(packet, bytes => {
      // As a connection does: small pieces are copied, others are its own from now on.
      pieces.push(bytes.length > 64 ? bytes : new Uint8Array(bytes))
    })
  }
  return Buffer.concat(pieces)
}

/** Chunks as the network makes them: parts of larger arrays, some of them Node's own kind. */
function* chunksOf(bytes: Uint8Array, cuts: readonly number[]): Generator<Uint8Array> {
  let index = 0
  for (let at = 0; at < bytes.length;) {
    const part = bytes.subarray(at, at + (cuts[index % cuts.length] ?? 1))
    const around = new Uint8Array(part.length + 8).fill(0xff)
    around.set(part, 3)
    const chunk = around.subarray(3, 3 + part.length)
    yield index % 2 === 0 ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
    at += part.length
    index += 1
  }
}

/** What a method of an array of bytes costs, from its arguments and what it answers. */
type Cost = (bytes: Uint8Array, args: readonly unknown[], answer: unknown) => number

const costs: Readonly<Record<'set' | 'indexOf' | 'lastIndexOf', Cost>> = {
  set: (_, [source]) => (source as Uint8Array).length,
  indexOf: (bytes, [, from = 0], index) => (index === -1 ? bytes.length : Number(index) + 1) - Number(from),
  lastIndexOf: (bytes, [, from = bytes.length - 1], index) => Number(from) - Number(index),
}

/** Counts the bytes that are copied or searched by the methods of arrays while `run` runs. */
export function work(run: () => void): number {
  let count = 0
  for (const [name, cost] of Object.entries(costs)) {
    const method = Reflect.get(Uint8Array.prototype, name) as (...args: readonly unknown[]) => unknown
    const counted = function (this: Uint8Array, ...args: unknown[]): unknown {
      const answer = method.apply(this, args)
      count += cost(this, args, answer)
      return answer
    }
    Object.defineProperty(Uint8Array.prototype, name, { value: counted, configurable: true })
  }
  try {
    run()
  } finally {
    for (const name of Object.keys(costs)) Reflect.deleteProperty(Uint8Array.prototype, name)
  }
  return count
}

/** Bytes whose single reads are counted as well. */
export function watched(bytes: Uint8Array, read: () => void): Uint8Array {
  return new Proxy(bytes, {
    get(target, name) {
      if (typeof name === 'string' && /^\d+$/.test(name)) read()
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}
