import { interval, type Subscription } from 'rxjs'
import type { TypedEvent } from 'sluice'

const LETTERS: Readonly<Record<string, string>> = {
  listening: 'l',
  connecting: 'c',
  open: 'o',
  packet: 'p',
  drain: 'd',
  end: 'e',
  close: 'x',
  retry: 'r',
}

export const LEGEND = Object.entries(LETTERS)
  .map(([type, letter]) => `${letter} ${type}`)
  .join('  ')

interface Row {
  readonly name: string
  track: string
  /** The letters of the frame that is not over yet. */
  now: string
}

/** Draws event streams while they go, as marble diagrams: a row for each, in blocks of one line's width. */
export class Score {
  readonly #rows: Row[] = []
  readonly #write: (line: string) => void
  readonly #frame: number
  readonly #width: number
  readonly #notes: string[] = []
  #frames = 0
  #printed = 0
  #clock: Subscription | undefined

  /** @param frame the milliseconds of a column */
  constructor(write: (line: string) => void, frame: number, width: number) {
    this.#write = write
    this.#frame = frame
    this.#width = width
  }

  /** Adds a row, and answers where its events go. */
  row(name: string): (event: TypedEvent) => void {
    const row: Row = { name, track: '', now: '' }
    this.#rows.push(row)
    return ({ type }) => {
      const letter = LETTERS[type] ?? '?'
      if (!row.now.includes(letter)) row.now += letter
    }
  }

  /** Says something beside the drawing, with its time. */
  note(text: string): void {
    this.#notes.push(`${this.#time(this.#frames)}  ${text}`)
  }

  start(): void {
    this.#clock = interval(this.#frame).subscribe(() => {
      this.#endFrame()
    })
  }

  finish(): void {
    this.#clock?.unsubscribe()
    this.#endFrame()
    this.#print()
  }

  #endFrame(): void {
    for (const row of this.#rows) {
      // As in RxJS, a group takes as many frames as it is wide.
      if (row.now !== '')
        row.track = row.track.padEnd(this.#frames, '-') + (row.now.length > 1 ? `(${row.now})` : row.now)
      row.now = ''
    }
    this.#frames += 1
    if (this.#frames - this.#printed === this.#width) this.#print()
  }

  #print(): void {
    this.#write(` ${this.#time(this.#printed)}`)
    for (const { name, track } of this.#rows) {
      this.#write(` ${name.padEnd(9)} ${track.padEnd(this.#frames, '-').slice(this.#printed, this.#frames)}`)
    }
    for (const note of this.#notes.splice(0)) this.#write(` ${note}`)
    this.#write('')
    this.#printed = this.#frames
  }

  #time(frame: number): string {
    return `${((frame * this.#frame) / 1000).toFixed(1)} s`
  }
}
