import type { Select } from './select.js'

/**
 * The same member for the same key, as long as it is open: packets that belong together go the same way.
 *
 * Keys are spread evenly. When a member goes, its keys alone move, and are spread over the others; when it comes back
 * it has the same ones again. (Rendezvous hashing: each key goes to the member with the highest hash of both.)
 *
 * @example Packets that begin with the number of their user
 * ```ts
 * pool(client, { size: 4, select: byKey(packet => packet[0] ?? 0) })
 * ```
 */
export function byKey<Out>(key: (packet: Out) => string | number): Select<Out> {
  return (connections, packet) => {
    const seed = hash(String(key(packet)), 0)
    let highest = -1
    let best = connections[0]
    for (const connection of connections) {
      const rank = mixed(hash(connection.member.id, seed))
      if (rank <= highest) continue
      highest = rank
      best = connection
    }
    return best
  }
}

/** FNV-1a over UTF-16 units, which are spread by `mixed`. */
function hash(text: string, seed: number): number {
  let value = seed ^ 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value
}

/** The finalizer of Austin Appleby's MurmurHash3: each bit of the input changes half of those of the output. */
function mixed(value: number): number {
  let bits = value
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}
