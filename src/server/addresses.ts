import type { Connection } from '../connection/connection.js'

/** How many connections there are from each address, so that one can't have them all. */
export class Addresses {
  readonly #most: number
  readonly #counts = new Map<string, number>()
  /** A connection need not know any more where it came from when it is gone. */
  readonly #byId = new Map<string, string>()

  /** @param most from one address; `Infinity` for no limit */
  constructor(most: number) {
    this.#most = most
  }

  /** Counts a connection in, unless there are too many from its address. What has no address is not counted. */
  enter(connection: Connection<never>): boolean {
    const address = this.#most === Infinity ? '' : plain(connection.remote?.address ?? '')
    if (address === '') return true
    const count = this.#counts.get(address) ?? 0
    if (count >= this.#most) return false
    this.#counts.set(address, count + 1)
    this.#byId.set(connection.id, address)
    return true
  }

  leave({ id }: Connection<never>): void {
    const address = this.#byId.get(id)
    if (address === undefined) return
    this.#byId.delete(id)
    const count = this.#counts.get(address) ?? 0
    if (count > 1) this.#counts.set(address, count - 1)
    else this.#counts.delete(address)
  }
}

/** An IPv4 address looks like this to a socket that takes both kinds. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address
}
