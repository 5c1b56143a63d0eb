/** Takes the first chunks of a queue, up to so many bytes; one that reaches beyond is cut in two. */
export function takeBatch(queue: Uint8Array[], limit: number): Uint8Array[] {
  let size = 0
  for (const [index, chunk] of queue.entries()) {
    if (size + chunk.length > limit) {
      const head = chunk.subarray(0, limit - size)
      const batch = queue.splice(0, index)
      queue[0] = chunk.subarray(head.length)
      if (head.length > 0) batch.push(head)
      return batch
    }
    size += chunk.length
  }
  return queue.splice(0)
}
