import { nameOf } from './endpoints.js'
import type { LiveMember } from './live-member.js'
import type { Place } from './place.js'

/** What places are made of, and how many members each has. */
export interface Plot {
  readonly size: number
  readonly max: number
  readonly placeFor: (name: string, endpoint: unknown) => Place
  /** Makes one more member, and has it started. */
  readonly settle: (place: Place) => void
}

/** The endpoints of a pool, with their members. */
export class Places {
  readonly #plot: Plot
  readonly #places = new Map<string, Place>()
  /** Nobody is to come any more, not even of a list that is being gone through. */
  #closed = false

  constructor(plot: Plot) {
    this.#plot = plot
  }

  get members(): LiveMember[] {
    return [...this.#places.values()].flatMap(({ members }) => [...members.values()])
  }

  /** How many members may be open soon. */
  get underWay(): number {
    let count = 0
    for (const { members } of this.#places.values()) {
      for (const { underWay } of members.values()) if (underWay) count += 1
    }
    return count
  }

  get finished(): boolean {
    for (const { members } of this.#places.values()) {
      for (const { state } of members.values()) if (state !== 'finished') return false
    }
    return true
  }

  /** The place with the fewest members, of those that may have one more now. */
  get roomiest(): Place | undefined {
    let best: Place | undefined
    for (const place of this.#places.values()) {
      if (!place.wanted || place.alive >= this.#plot.max || place.rests || place.probes) continue
      if (best === undefined || place.alive < best.alive) best = place
    }
    return best
  }

  of({ endpoint }: LiveMember): Place | undefined {
    return this.#places.get(nameOf(endpoint))
  }

  /** Whether there are more members where this one is than are kept. */
  hasSurplus(member: LiveMember): boolean {
    return (this.of(member)?.size ?? 0) > this.#plot.size
  }

  /** Has members come to the endpoints that are new, and go from those that are missing. */
  update(endpoints: readonly unknown[]): void {
    const wanted = new Map(endpoints.map(endpoint => [nameOf(endpoint), endpoint]))
    for (const place of this.#places.values()) {
      if (wanted.has(place.name) || !place.wanted) continue
      place.wanted = false
      for (const member of place.members.values()) {
        if (member.state === 'finished') this.dismiss(member)
        else member.leave('finish')
      }
    }
    for (const [name, endpoint] of wanted) {
      if (this.#closed) return
      this.#want(name, endpoint)
    }
  }

  close(): void {
    this.#closed = true
  }

  /** Forgets a member that is finished, unless it is one of those that may be started again. */
  dismiss(member: LiveMember): void {
    const place = this.of(member)
    if (place === undefined) return
    if (!place.wanted || place.members.size > this.#plot.size) place.delete(member)
    if (place.members.size === 0) this.#places.delete(place.name)
  }

  #want(name: string, endpoint: unknown): void {
    const place = this.#places.get(name) ?? this.#plot.placeFor(name, endpoint)
    this.#places.set(name, place)
    if (!place.wanted) {
      place.wanted = true
      for (const member of place.members.values()) member.leave('again')
    }
    while (place.members.size < this.#plot.size && !this.#closed) this.#plot.settle(place)
  }
}
