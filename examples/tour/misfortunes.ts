/** Something that goes wrong when a share of the work is done. */
export interface Misfortune {
  /** 0 to 1. */
  readonly after: number
  readonly note: string
  readonly happen: () => void
}

/** Answers what is to be called as the work goes on: it lets each misfortune happen once, in order, when its time has come. */
export function misfortunes(all: readonly Misfortune[], announce: (note: string) => void): (done: number) => void {
  const waiting = [...all]
  return done => {
    const [next] = waiting
    if (next === undefined || done < next.after) return
    waiting.shift()
    announce(next.note)
    next.happen()
  }
}
