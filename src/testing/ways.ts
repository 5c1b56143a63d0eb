import { linkDefaults, type LinkOptions, type LinkSettings } from './memory-options.js'
import { Path } from './path.js'

/** The way between two hosts: a path in each direction. */
class Way {
  readonly a: string
  readonly b: string
  readonly settings: LinkSettings
  readonly forth: Path
  readonly back: Path

  constructor(a: string, b: string, settings: LinkSettings, random: () => number) {
    this.a = a
    this.b = b
    this.settings = settings
    this.forth = new Path(() => settings, random)
    this.back = new Path(() => settings, random)
  }
}

/** The ways between all hosts, each made when it is first needed. */
export class Ways {
  readonly #everywhere: LinkOptions
  readonly #random: () => number
  readonly #ways = new Map<string, Way>()
  /** The hosts that are cut off from all others, those included that are yet to be named. */
  readonly #isolated = new Set<string>()
  /** Those that are cut on their own. */
  readonly #severed = new Set<Way>()

  /** @param everywhere how a way is at first */
  constructor(everywhere: LinkOptions, random: () => number) {
    this.#everywhere = everywhere
    this.#random = random
  }

  /** The path to a host, and the one back. */
  paths(from: string, to: string): readonly [there: Path, back: Path] {
    const { a, forth, back } = this.#between(from, to)
    return from === a ? [forth, back] : [back, forth]
  }

  change(a: string, b: string, changes: LinkOptions): void {
    Object.assign(this.#between(a, b).settings, given(changes))
  }

  cut(a: string, b: string | undefined): void {
    if (b === undefined) this.#isolated.add(a)
    else this.#severed.add(this.#between(a, b))
    this.#settleAll()
  }

  heal(a: string, b: string | undefined): void {
    if (b === undefined) this.#isolated.delete(a)
    else this.#severed.delete(this.#between(a, b))
    this.#settleAll()
  }

  #between(one: string, other: string): Way {
    const [a, b] = one < other ? [one, other] : [other, one]
    const key = JSON.stringify([a, b])
    const known = this.#ways.get(key)
    if (known !== undefined) return known
    const way = new Way(a, b, { ...linkDefaults, ...given(this.#everywhere) }, this.#random)
    this.#ways.set(key, way)
    this.#settle(way)
    return way
  }

  #settleAll(): void {
    for (const way of this.#ways.values()) this.#settle(way)
  }

  /** What one direction brings as it heals may cut the other again. */
  #settle(way: Way): void {
    for (const path of [way.forth, way.back]) {
      if (this.#isCut(way)) path.cut()
      else path.heal()
    }
  }

  #isCut(way: Way): boolean {
    const { a, b } = way
    return this.#severed.has(way) || (a !== b && (this.#isolated.has(a) || this.#isolated.has(b)))
  }
}

/** Without what is left out by being undefined. */
function given(options: LinkOptions): LinkOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
