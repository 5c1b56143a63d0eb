import { catchError, EMPTY, filter, map, mergeMap, of, startWith, Subject, throwError, type Observable } from 'rxjs'
import type { RunHelpers } from 'rxjs/testing'
import { asError } from '../connection/errors.js'
import type { OpenEvent, TypedEvent } from '../connection/event.js'
import { calls, errorOf, events, isError, letterOf, property, type Letters } from './letters.js'
import type { RecordingConnection } from './recording-connection.js'
import { coldScript, hotScript, type Script } from './script.js'

/** One diagram, or one for each connection. */
export type Diagrams = string | readonly string[]

/** What `cold` and `hot` are called without. */
interface NoLetters {
  readonly [letter: string]: never
}

/** What arrives in a diagram with these letters: their packets, or, where they name none, the letters themselves. */
export type PacketOfLetters<L> = [Exclude<L[keyof L], Tagged>] extends [never] ? string : Exclude<L[keyof L], Tagged>

type Tagged = { readonly type: string } | { readonly call: string }

/** The tools of RxJS's `TestScheduler.run`, for whole connections. */
export interface EventHelpers {
  /** Events that are told anew to each subscriber, on new connections. */
  readonly cold: Scripts
  /** Events that happen from the start, whoever is subscribed. */
  readonly hot: Scripts
  /** Does something whenever its letter comes. */
  readonly at: (diagram: string, actions: Readonly<Record<string, () => void>>) => void
  /** Holds a stream against a diagram of its events. The stream is subscribed to from `^` to `!`, if that is given. */
  readonly expectEvents: (stream: Observable<TypedEvent>, subscription?: string) => Expectation
  /** Holds what is sent against a diagram: packets, `e` for `end()`, `x` for `close()` and `destroy()`. */
  readonly expectSent: (source: Asked | { readonly appeared: Observable<Asked> }) => Expectation
}

type Scripts = <const L extends Letters = NoLetters, Out = PacketOfLetters<L>>(
  diagrams: Diagrams,
  letters?: L,
  error?: unknown,
) => Script<PacketOfLetters<L>, Out>

/** A connection that records what is asked of it. */
type Asked = Pick<RecordingConnection, 'id'> & { readonly asked: Observable<{ readonly call: string }> }

/** What is held against a diagram. */
export interface Expectation {
  /**
   * Says what it is to be, in the end.
   *
   * @param error of a stream that errors: what with, or its `code`; without it any error will do
   */
  readonly toBe: (diagrams: Diagrams, letters?: Letters, error?: unknown) => void
}

/**
 * Draws whole connections as marble diagrams, both what arrives and what is sent, in virtual time.
 *
 * It takes what `TestScheduler.run` gives, and the diagrams are read as there: `-` is a frame, `(ab)` are at one frame,
 * ` 10ms ` is a span, `|` completes, `#` errors. The letters are
 *
 * | | |
 * |---|---|
 * | `l` `c` `o` | `listening`, `connecting`, `open` |
 * | any other | a packet: what the letters say that it is, or the letter itself, as text or as bytes |
 * | `d` `e` `x` | `drain`, `end`, `close` |
 * | `r` | `retry` |
 *
 * A single diagram has one connection after the other; of several, each has its own, and those of a stream are told
 * apart in the order in which they appear. Then the first diagram also has what belongs to none: `l`, `r`, `|` and `#`.
 *
 * An `x` at the frame of the `#` is the close with that error (an `ECONNRESET`, unless said otherwise), any other is an
 * orderly one: the peer's, unless what is tested had closed the connection before. For anything else say what the letter means: `{ t: { type: 'close', reason: 'timeout', error:
 * 'ERR_IDLE_TIMEOUT' } }`.
 *
 * @example A client dials again after four milliseconds
 * ```ts
 * new TestScheduler(sameDiagram).run(helpers => {
 *   const { cold, expectEvents } = marbles(helpers)
 *   const dial = cold('          -o-(x#)')
 *   expectEvents(dial.pipe(reconnect([4, 4])), '^-------------!')
 *     .toBe('                    -o-(xr)-o-(xr)')
 * })
 * ```
 * @example What is sent
 * ```ts
 * const echo = cold('      -o-a-b-|')
 * echo.subscribe(event => event.type === 'packet' && event.connection.send(event.packet))
 * expectSent(echo).toBe('  ---a-b')
 * ```
 */
export function marbles(helpers: RunHelpers): EventHelpers {
  return {
    cold(diagrams, letters, error = 'ECONNRESET') {
      return coldScript(helpers, { diagrams: rowsOf(diagrams), letters: letters ?? {}, error: errorOf(error) })
    },

    hot(diagrams, letters, error = 'ECONNRESET') {
      return hotScript(helpers, { diagrams: rowsOf(diagrams), letters: letters ?? {}, error: errorOf(error) })
    },

    at(diagram, actions) {
      const script = helpers.cold(diagram)
      for (const { notification } of script.messages) {
        const letter = notification.kind === 'N' ? String(notification.value) : undefined
        if (letter !== undefined && !Object.hasOwn(actions, letter))
          throw new RangeError(`no action is given for '${letter}'`)
      }
      script.subscribe(letter => {
        actions[letter]?.()
      })
    },

    expectEvents(stream, subscription) {
      return {
        toBe(diagrams, letters = {}, error) {
          const drawn = stream.pipe(
            map(event => ({
              of: (event as Partial<OpenEvent>).connection?.id,
              letter: letterOf(event, events, letters),
            })),
            catchError((thrown: unknown) =>
              throwError(() => (error === undefined || isError(thrown, error) ? RIGHT_ERROR : asError(thrown))),
            ),
          )
          expectRows(helpers, drawn, rowsOf(diagrams), subscription)
        },
      }
    },

    expectSent(source) {
      return {
        toBe(diagrams, letters = {}) {
          const connections = 'appeared' in source ? source.appeared : of(source)
          const drawn = connections.pipe(
            mergeMap(({ id, asked }) =>
              asked.pipe(
                filter(call => isDrawn(call, letters)),
                map(call => ({ of: id, letter: letterOf(call, calls, letters) })),
                startWith({ of: id }), // A row of its own, even if it sends nothing.
              ),
            ),
          )
          expectRows(helpers, drawn, rowsOf(diagrams))
        },
      }
    },
  }
}

/** A letter, if any, and the connection that it is about, if any. */
interface Drawn {
  readonly of: string | undefined
  readonly letter?: string
}

/** What stands for an error that is as it should be. */
const RIGHT_ERROR = new Error('the error that is expected')

/** The first diagram is that of the stream too: it has what the others have not. */
function expectRows(
  { expectObservable }: RunHelpers,
  drawn: Observable<Drawn>,
  [first = '', ...others]: readonly string[],
  subscription?: string,
): void {
  const rows = others.map(diagram => {
    const row = new Subject<string>()
    expectObservable(row, subscription).toBe(diagram)
    return row
  })
  const seen: string[] = []
  const rowOf = (connection: string) => {
    if (!seen.includes(connection)) seen.push(connection)
    return rows[seen.indexOf(connection) - 1]
  }
  const remaining = drawn.pipe(
    mergeMap(({ of, letter }) => {
      const row = of === undefined ? undefined : rowOf(of)
      if (letter === undefined) return EMPTY
      if (row === undefined) return [letter]
      row.next(letter)
      return EMPTY
    }),
  )
  expectObservable(remaining, subscription).toBe(first, undefined, RIGHT_ERROR)
}

/** Pausing is drawn only where a letter is given to it. */
function isDrawn({ call }: { readonly call: string }, letters: Letters): boolean {
  return (
    call === calls.packet ||
    call in calls.letters ||
    Object.values(letters).some(value => property(value, calls.tag) === call)
  )
}

function rowsOf(diagrams: Diagrams): readonly string[] {
  return typeof diagrams === 'string' ? [diagrams] : diagrams
}
