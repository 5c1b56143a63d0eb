import type { Speed } from './race.js'

export interface Row {
  readonly bench: string
  readonly what: string
  readonly against: string
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** `null` where there is none to reach: a row for the reader. */
  readonly target: number | null
  readonly holds: boolean | null
}

/** What a ratio should be. */
export interface Target {
  readonly atLeast?: number
  readonly atMost?: number
}

/** By how much a target may be missed: the noise of a good machine. */
const NOISE = 0.05

const json = process.argv.includes('--json')

/** Says what a bench has found: a row each, as text or as a line of JSON. */
export class Report {
  readonly #bench: string

  constructor(bench: string) {
    this.#bench = bench
  }

  /** Compares what was measured in the same rounds. */
  compare(what: string, ours: readonly Speed[], against: string, theirs: readonly Speed[], target: Target = {}): void {
    const ratios = ours.map((speed, round) => speed.value / (theirs[round]?.value ?? NaN))
    this.row(what, against, ratios, target)
    this.note(`${what}: ${told(ours)}; ${against}: ${told(theirs)}`)
  }

  row(what: string, against: string, ratios: readonly number[], { atLeast, atMost }: Target = {}): void {
    const sorted = [...ratios].sort((a, b) => a - b)
    const ratio = median(sorted)
    const holds =
      (atLeast === undefined || ratio >= atLeast - NOISE) && (atMost === undefined || ratio <= atMost + NOISE)
    const target = atLeast ?? atMost ?? null
    const row: Row = {
      bench: this.#bench,
      what,
      against,
      ratio: rounded(ratio),
      low: rounded(sorted[0] ?? NaN),
      high: rounded(sorted.at(-1) ?? NaN),
      target,
      holds: target === null ? null : holds,
    }
    console.log(json ? JSON.stringify(row) : line(row, atMost === undefined ? '≥' : '≤'))
  }

  /** Something for the reader, that is no row. */
  note(text: string): void {
    const print = json ? console.error : console.log
    print(`  ${text}`)
  }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

function line({ what, against, ratio, low, high, target, holds }: Row, sign: string): string {
  const mark = holds === null ? ' ' : holds ? '✓' : '✗'
  const goal = target === null ? '' : `, to reach ${sign} ${target}`
  return `${mark} ${what} / ${against}: ${ratio} (${low} to ${high})${goal}`
}

function told(speeds: readonly Speed[]): string {
  const value = median(speeds.map(speed => speed.value))
  const busy = median(speeds.map(speed => speed.busy ?? NaN))
  const load = median(speeds.map(speed => speed.load ?? NaN))
  const cores = Number.isNaN(busy) ? '' : `, busy ${busy.toFixed(2)}, its load ${load.toFixed(2)} of a core`
  return `${value.toPrecision(3)}${cores}`
}

function rounded(ratio: number): number {
  return Number(ratio.toPrecision(3))
}
