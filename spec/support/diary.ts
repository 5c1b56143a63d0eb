import { takeUntil, timer, type Observable } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import type { TypedEvent } from 'sluice'

/** What is written down, each with the millisecond of virtual time at which it was. */
export interface Diary {
  readonly scheduler: TestScheduler
  readonly write: (what: string) => void
  /** Does something after so many milliseconds. */
  readonly at: (ms: number, task: () => void) => void
  /** Subscribes for so many milliseconds, and writes down the code of an error. */
  readonly watch: <E extends TypedEvent>(stream: Observable<E>, until: number, next: (event: E) => void) => void
}

/** Keeps a diary in virtual time, and answers its lines. */
export function diary(keep: (diary: Diary) => void): readonly string[] {
  const lines: string[] = []
  const scheduler = new TestScheduler(() => undefined)
  const write = (what: string): void => {
    lines.push(`${scheduler.now()} ${what}`)
  }
  scheduler.run(() => {
    keep({
      scheduler,
      write,
      at(ms, task) {
        timer(ms).subscribe(task)
      },
      watch(stream, until, next) {
        stream.pipe(takeUntil(timer(until))).subscribe({
          next,
          error(error: unknown) {
            write(`error ${String((error as { readonly code?: unknown }).code)}`)
          },
        })
      },
    })
  })
  return lines
}
