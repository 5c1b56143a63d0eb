import { Subscription } from 'rxjs'
import { now } from '../connection/clock.js'
import { Gate, type Admission } from '../connection/listener.js'
import { errorOf, eventOf, type Letters } from './letters.js'
import { ScriptLife } from './script-life.js'
import type { ScriptEvent, Source, Stage } from './script-source.js'

/** The events of one diagram. After a `close`, the next `connecting` or `open` is another connection's. */
export class ScriptRow {
  /** What the row listens to. */
  readonly subscription = new Subscription()
  readonly #letters: Letters
  readonly #stage: Stage
  /** When the diagram errors, and with what: a close at that time has it too. */
  readonly #failure: { readonly at: number; readonly error: unknown } | undefined
  readonly #lives: ScriptLife[] = []

  constructor(messages: Source['messages'], letters: Letters, stage: Stage) {
    this.#letters = letters
    this.#stage = stage
    this.#failure = failureOf(messages)
    const types = messages.flatMap(({ notification }) =>
      notification.kind === 'N' ? [eventOf(String(notification.value), letters).type] : [],
    )
    if (types.includes('connecting') || types.includes('open')) this.#appear('connecting')
    else if (types.some(type => !(type in unconnected))) this.#appear('open')
  }

  /** Whether nothing is held back. */
  get caughtUp(): boolean {
    return this.#lives.every(life => life.caughtUp)
  }

  play(letter: string): void {
    const drawn = eventOf(letter, this.#letters)
    const { type } = drawn
    const opens = type === 'connecting' || type === 'open'
    if (opens && this.#lives.at(-1)?.over === true) this.#appear('connecting')
    const life = this.#lives.at(-1)
    if (life === undefined || type in unconnected) this.#tell(event({ ...unconnected[type]?.(), ...drawn }))
    else life.take(event({ ...this.#details(type, life), connection: life.connection, ...drawn }))
  }

  #appear(state: 'connecting' | 'open'): void {
    const life = new ScriptLife(state, this.#stage)
    this.#lives.push(life)
    this.subscription.add(life.subscription)
  }

  #details(type: string, life: ScriptLife): object {
    if (type === 'open') return { session: 1 }
    return type === 'close' ? life.close(this.#failure?.at === now() ? this.#failure : undefined) : {}
  }

  #tell(event: ScriptEvent): void {
    const { outlet } = this.#stage
    outlet.run(() => {
      outlet.next(event)
    })
  }
}

/** The events that no connection has, and what they have that their letter does not say. */
const unconnected: Readonly<Record<string, () => object>> = {
  listening: () => ({ listener: new Gate(nobody) }),
  retry: () => ({ attempt: 1, delay: 0, cause: undefined }),
}

const nobody: Admission<never> = {
  backlog: 0,
  endpoint: () => ({ address: 'localhost', port: 1 }),
  accept: () => {},
  refuse: () => {},
  close: () => {},
}

/** What a diagram's author says is an event is one. */
function event(drawn: object): ScriptEvent {
  const whole = { ...drawn } as { error?: unknown; cause?: unknown }
  if (whole.error !== undefined) whole.error = errorOf(whole.error)
  if (whole.cause !== undefined) whole.cause = errorOf(whole.cause)
  return whole as ScriptEvent
}

function failureOf(messages: Source['messages']): { readonly at: number; readonly error: unknown } | undefined {
  for (const { frame, notification } of messages) {
    if (notification.kind === 'E') return { at: now() + frame, error: notification.error as unknown }
  }
  return undefined
}
