import { expect } from 'chai'
import type { Observable } from 'rxjs'
import { TestScheduler, type RunHelpers } from 'rxjs/testing'
import { marbles, sameDiagram, type EventHelpers } from 'sluice/testing'

export interface Helpers extends EventHelpers, Omit<RunHelpers, keyof EventHelpers> {
  /** RxJS's own, for what are no events. */
  readonly plain: Pick<RunHelpers, 'cold' | 'hot'>
}

/** A marble test of whole connections. */
export function run(test: (helpers: Helpers) => void): void {
  new TestScheduler(sameDiagram).run(helpers => {
    test(extended(helpers))
  })
}

/**
 * Unsubscribes at each instant of a stream's first frames, before and after what happens there, and expects that
 * nothing is then left scheduled: no timer of what is tested, and nothing of the source, whose subscription must be
 * over.
 */
export function leavesNothing(frames: number, streamOf: (helpers: Helpers) => Observable<unknown>): void {
  for (let frame = 0; frame <= frames; frame += 1) {
    for (const early of [true, false]) {
      const scheduler = new TestScheduler(sameDiagram)
      scheduler.run(helpers => {
        const stream = streamOf(extended(helpers))
        const leave = () => {
          subscription.unsubscribe()
          expect(scheduler.actions, `scheduled after frame ${frame}`).to.deep.equal([])
        }
        if (early) scheduler.schedule(leave, frame)
        const subscription = stream.subscribe({ error: () => undefined })
        if (!early) scheduler.schedule(leave, frame)
      })
    }
  }
}

function extended(helpers: RunHelpers): Helpers {
  return { ...helpers, ...marbles(helpers), plain: helpers }
}
