import { Subscription } from 'rxjs'
import { now } from '../connection/clock.js'
import { reasonOf } from '../connection/close-reason.js'
import { Gate, type Admission } from '../connection/listener.js'
import type { Outlet } from '../connection/outlet.js'
import { errorOf, eventOf, type Letters } from './letters.js'
import { recordingConnection, type RecordedCall } from './recording-connection.js'
import type { ScriptConnection, ScriptEvent, Source } from './script-source.js'

/** Where a row's events go. */
export interface Stage {
  readonly outlet: Outlet<ScriptEvent>
  readonly appear: (connection: ScriptConnection) => void
  /** Nothing is held back any more. */
  readonly caughtUp: () => void
  /** A connection was destroyed by whoever is tested. */
  readonly destroyed: (error: Error | undefined) => void
}

/**
 * The events of one diagram, on its connection; after a `close`, the next `connecting` or `open` is another
 * connection's.
 *
 * The connection's state follows them. As law 10 has it, a paused connection tells no packet, no end and no orderly
 * close, but tells them later; and one that is destroyed tells its `close`, and nothing more of what its diagram has.
 */
export class ScriptRow {
  /** What the row listens to. */
  readonly subscription = new Subscription()
  readonly #letters: Letters
  readonly #stage: Stage
  /** When the diagram errors, and with what: a close at that time has it too. */
  readonly #failure: { readonly at: number; readonly error: unknown } | undefined
  #connection: ScriptConnection | undefined
  #destroyed = false
  #held: ScriptEvent[] = []

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
    return this.#held.length === 0
  }

  play(letter: string): void {
    const drawn = eventOf(letter, this.#letters)
    const { type } = drawn
    const opens = type === 'connecting' || type === 'open'
    if (opens && this.#connection?.state === 'closed') this.#appear('connecting')
    const connection = this.#connection
    if (connection === undefined || type in unconnected) this.#tell(event({ ...unconnected[type]?.(), ...drawn }))
    else if (!this.#destroyed) this.#offer(event({ ...this.#details(type), connection, ...drawn }))
  }

  #appear(state: 'connecting' | 'open'): void {
    const connection = recordingConnection<unknown>({ state })
    this.#connection = connection
    this.#destroyed = false
    this.#stage.appear(connection)
    this.subscription.add(
      connection.asked.subscribe(call => {
        if (call.call === 'resume') this.#release()
        else if (connection === this.#connection && connection.state === 'closed') this.#answer(connection, call)
      }),
    )
  }

  #details(type: string): object {
    if (type === 'open') return { session: 1 }
    if (type !== 'close') return {}
    const bytesUnsent = 0
    if (this.#failure?.at !== now()) return { reason: 'remote', bytesUnsent }
    return { reason: 'error', error: this.#failure.error, bytesUnsent }
  }

  /** It was destroyed, or closed before it had opened. */
  #answer(connection: ScriptConnection, call: RecordedCall<unknown>): void {
    this.#destroyed = true
    this.#held = []
    const error = call.call === 'destroy' ? call.error : undefined
    const reason = error === undefined ? 'local' : reasonOf(error)
    const close = { type: 'close', connection, reason, bytesUnsent: connection.bufferedAmount } as const
    this.#tell(error === undefined ? close : { ...close, error })
    this.#stage.destroyed(error)
  }

  #offer(event: ScriptEvent): void {
    const failed = event.type === 'close' && event.error !== undefined
    const waits = event.type === 'packet' || event.type === 'end' || (event.type === 'close' && !failed)
    if (failed) this.#held = []
    if (waits && (this.#connection?.paused === true || !this.caughtUp)) this.#held.push(event)
    else this.#tell(event)
  }

  #release(): void {
    this.#stage.outlet.run(() => {
      for (let [next] = this.#held; next !== undefined && this.#connection?.paused === false; [next] = this.#held) {
        this.#held.shift()
        this.#pass(next)
      }
      if (this.caughtUp) this.#stage.caughtUp()
    })
  }

  #tell(event: ScriptEvent): void {
    this.#stage.outlet.run(() => {
      this.#pass(event)
    })
  }

  #pass(event: ScriptEvent): void {
    follow(event)
    this.#stage.outlet.next(event)
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

function follow(event: ScriptEvent): void {
  switch (event.type) {
    case 'connecting':
      event.connection.state = 'connecting'
      break
    case 'open':
      event.connection.state = 'open'
      event.connection.openedAt = now()
      break
    case 'packet':
      event.connection.bytesRead += sizeOf(event.packet)
      break
    case 'drain':
      event.connection.bufferedAmount = 0
      break
    case 'close':
      event.connection.state = 'closed'
      break
    default:
  }
}

function sizeOf(packet: unknown): number {
  return typeof packet === 'string' || packet instanceof Uint8Array ? packet.length : 1
}

function failureOf(messages: Source['messages']): { readonly at: number; readonly error: unknown } | undefined {
  for (const { frame, notification } of messages) {
    if (notification.kind === 'E') return { at: now() + frame, error: notification.error as unknown }
  }
  return undefined
}
