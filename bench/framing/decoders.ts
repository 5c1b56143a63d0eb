// Frames out of chunks, by each decoder in the way that its own documentation shows. All of them answer frames per
// second, and see to it that they have found as many as there are.

import type { Transform } from 'node:stream'
import { from, Observable } from 'rxjs'
import type { ConnectionEvent } from 'sluice'
import { decode, framed, lengthField, lines, varint, type Codec } from 'sluice/framing'
import { recordingConnection } from 'sluice/testing'
import { perSecond } from '../support/job.js'
import { peer } from '../support/peer.js'
import { frames, type Format, type Frames } from './frames.js'

const codecs: Readonly<Record<Format, () => Codec<Uint8Array | string, never>>> = {
  length: () => lengthField({ maxFrameLength: 2 ** 21 }),
  varint,
  lines,
}

/** The decoder on its own. */
export function bareDecoder(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const codec = codecs[format]()
  return repeat(ms, frames(format, size, chunkSize), ({ chunks }) => {
    let count = 0
    const emit = () => {
      count += 1
      return true
    }
    const decoder = codec.decoder()
    for (const chunk of chunks) decoder.decode(chunk, emit)
    return count
  })
}

/** The operator for plain Observables of bytes. */
export function decodeOperator(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const codec = codecs[format]()
  return repeat(ms, frames(format, size, chunkSize), ({ chunks }) => {
    let count = 0
    from(chunks)
      .pipe(decode(codec))
      .subscribe(() => {
        count += 1
      })
    return count
  })
}

/** The operator for connections. */
export function framedOperator(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const codec = codecs[format]()
  return repeat(ms, frames(format, size, chunkSize), ({ chunks }) => {
    let count = 0
    const connection = recordingConnection()
    const stream = new Observable<ConnectionEvent>(subscriber => {
      subscriber.next({ type: 'open', connection, session: 1 })
      for (const packet of chunks) subscriber.next({ type: 'packet', connection, packet })
      subscriber.complete()
    })
    stream.pipe(framed(codec)).subscribe(event => {
      if (event.type === 'packet') count += 1
    })
    return count
  })
}

export async function frameStream(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const { default: peers } = await peer<{ default: { decode: () => Transform } }>('frame-stream')
  return repeat(ms, frames(format, size, chunkSize), all => through(peers.decode(), all))
}

export async function lengthPrefixedStream(
  ms: number,
  format: Format,
  size: number,
  chunkSize: number,
): Promise<number> {
  const { default: peers } = await peer<{ default: { decode: () => Transform } }>('length-prefixed-stream')
  return repeat(ms, frames(format, size, chunkSize), all => through(peers.decode(), all))
}

export async function split2(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const { default: split } = await peer<{ default: () => Transform }>('split2')
  return repeat(ms, frames(format, size, chunkSize), all => through(split(), all))
}

interface ByteList {
  readonly byteLength: number
  getUint32(at: number): number
}

interface LengthPrefixed {
  decode(source: Iterable<Uint8Array>, options: { lengthDecoder?: LengthDecoder }): Iterable<ByteList>
}

type LengthDecoder = ((bytes: ByteList) => number) & { bytes: number }

/** Its synchronous form, the faster one; what it answers are lists of views, which it never joins. */
export async function itLengthPrefixed(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const prefixed = await peer<LengthPrefixed>('it-length-prefixed')
  const fourBytes = Object.assign((bytes: ByteList) => bytes.getUint32(0), { bytes: 4 })
  const options = format === 'length' ? { lengthDecoder: fourBytes } : {}
  return repeat(ms, frames(format, size, chunkSize), ({ chunks }) => {
    let count = 0
    for (const list of prefixed.decode(chunks, options)) if (list.byteLength === size) count += 1
    return count
  })
}

interface BufferList {
  readonly length: number
  append(bytes: Uint8Array): void
  readUInt32BE(at: number): number
  slice(start: number, end: number): Buffer
  consume(size: number): void
}

/** A list of buffers, with the loop around it that its users write. */
export async function bl(ms: number, format: Format, size: number, chunkSize: number): Promise<number> {
  const { BufferList } = await peer<{ BufferList: new () => BufferList }>('bl')
  return repeat(ms, frames(format, size, chunkSize), ({ chunks }) => {
    const list = new BufferList()
    let count = 0
    for (const chunk of chunks) {
      list.append(chunk)
      while (list.length >= 4) {
        const end = 4 + list.readUInt32BE(0)
        if (list.length < end) break
        if (list.slice(4, end).length === size) count += 1
        list.consume(end)
      }
    }
    return count
  })
}

function through(transform: Transform, { chunks }: Frames): Promise<number> {
  return new Promise((resolve, reject) => {
    let count = 0
    transform.on('data', () => (count += 1))
    transform.on('error', reject)
    transform.on('end', () => {
      resolve(count)
    })
    for (const chunk of chunks) transform.write(chunk)
    transform.end()
  })
}

function repeat(ms: number, all: Frames, pass: (all: Frames) => number | Promise<number>): Promise<number> {
  return perSecond(ms, async () => {
    const count = await pass(all)
    if (count !== all.count) throw new Error(`${count} frames were found where there are ${all.count}`)
    return count
  })
}
