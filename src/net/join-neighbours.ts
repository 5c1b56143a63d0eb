/**
 * Chunks that lie side by side in memory, as one: what many were sent in a turn was encoded into one array, and costs
 * each of them one write.
 */
export function joinNeighbours(chunks: Uint8Array[]): Uint8Array[] {
  const [first] = chunks
  if (first === undefined || chunks.length === 1) return chunks
  const joined: Uint8Array[] = []
  let run = first
  let start = first.byteOffset
  let end = start + first.length
  for (let index = 1; index < chunks.length; index += 1) {
    const chunk = chunks[index] ?? first
    if (chunk.byteOffset !== end || chunk.buffer !== run.buffer) {
      joined.push(whole(run, start, end))
      run = chunk
      start = end = chunk.byteOffset
    }
    end += chunk.length
  }
  joined.push(whole(run, start, end))
  return joined
}

function whole(first: Uint8Array, start: number, end: number): Uint8Array {
  return end === start + first.length ? first : Buffer.from(first.buffer, start, end - start)
}
