import { chunked } from '../support/job.js'

/**
 * How frames are told apart: by their length in four bytes (big-endian) or as a varint before them, or by the end of
 * a line.
 */
export type Format = 'length' | 'varint' | 'lines'

export interface Frames {
  readonly chunks: readonly Buffer[]
  readonly count: number
}

/** Equal frames, at least a mebibyte of them, cut into chunks wherever that cuts them. */
export function frames(format: Format, size: number, chunkSize: number): Frames {
  const frame = Buffer.concat(enclosed(format, Buffer.alloc(size, 'x')))
  const count = Math.ceil(2 ** 20 / frame.length)
  const bytes = Buffer.concat(Array.from({ length: count }, () => frame))
  return { chunks: chunked(bytes, chunkSize), count }
}

function enclosed(format: Format, payload: Buffer): Uint8Array[] {
  switch (format) {
    case 'length': {
      const header = Buffer.alloc(4)
      header.writeUInt32BE(payload.length)
      return [header, payload]
    }
    case 'varint':
      return [Uint8Array.from(varint(payload.length)), payload]
    case 'lines':
      return [payload, Buffer.from('\n')]
  }
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}
