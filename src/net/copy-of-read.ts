import { readBuffer } from './shared-reads.js'

/** Below this every Node has a pool of its own. Until 24 it is smaller, which is better where somebody sends a byte now and then. */
const POOLED = 4 * 1024

/** What is larger than half of it gets an array of its own. */
const SLAB = 64 * 1024

let slab = Buffer.allocUnsafeSlow(SLAB)
let used = 0

/**
 * What was read, for whoever wants to keep it.
 *
 * What has some size is a part of a larger array, as making one costs as much as decoding a hundred small frames: as long as a part is
 * held, 64 KiB at most are kept alive.
 */
export function copyOfRead(size: number): Uint8Array {
  const bytes = size < POOLED || size > SLAB / 2 ? Buffer.allocUnsafe(size) : part(size)
  readBuffer.copy(bytes, 0, 0, size)
  return bytes
}

function part(size: number): Buffer {
  if (used + size > SLAB) {
    slab = Buffer.allocUnsafeSlow(SLAB)
    used = 0
  }
  used += size
  return slab.subarray(used - size, used)
}
