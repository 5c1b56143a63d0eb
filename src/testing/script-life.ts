import type { Subscription } from 'rxjs'
import { now } from '../connection/clock.js'
import { Ending } from '../connection/ending.js'
import { recordingConnection, type RecordedCall } from './recording-connection.js'
import type { ScriptConnection, ScriptEvent, Stage } from './script-source.js'

/**
 * One connection of a script, and what is told of it.
 *
 * Its state follows that. As law 10 has it, it tells no packet, no end and no orderly close while it is paused, but tells them later; and
 * once it is destroyed it tells its `close`, and nothing more of what its diagram has.
 */
export class ScriptLife {
  readonly connection: ScriptConnection
  /** What it listens to. */
  readonly subscription: Subscription
  readonly #stage: Stage
  readonly #ending = new Ending()
  #closing = false
  #held: ScriptEvent[] = []

  constructor(state: 'connecting' | 'open', stage: Stage) {
    this.connection = recordingConnection<unknown>({ state })
    this.#stage = stage
    stage.appear(this.connection)
    this.subscription = this.connection.asked.subscribe(call => {
      this.#hear(call)
    })
  }

  /** Whether nothing is held back. */
  get caughtUp(): boolean {
    return this.#held.length === 0
  }

  /** Whether it has closed, be that told or held back. */
  get over(): boolean {
    return this.connection.state === 'closed' || this.#held.at(-1)?.type === 'close'
  }

  /** The `close` that has come now, and what it has failed with, if it has. */
  close(failure: { readonly error: unknown } | undefined): ScriptEvent {
    if (failure !== undefined) this.#ending.failed(failure.error)
    const { connection } = this
    const { reason = this.#closing ? 'local' : 'remote', error } = this.#ending
    const close = { type: 'close', connection, reason, bytesUnsent: connection.bufferedAmount } as const
    return error === undefined ? close : { ...close, error }
  }

  take(event: ScriptEvent): void {
    if (this.#ending.gone) return
    if (event.type === 'end') this.#ending.reason ??= this.#closing ? 'local' : 'remote'
    const failed = event.type === 'close' && event.error !== undefined
    const waits = event.type === 'packet' || event.type === 'end' || (event.type === 'close' && !failed)
    if (failed) this.#held = []
    if (waits && (this.connection.paused || !this.caughtUp)) this.#held.push(event)
    else this.#tell(event)
  }

  #hear(call: RecordedCall<unknown>): void {
    if (call.call === 'resume') this.#release()
    else if (this.connection.state === 'closed') this.#destroyed(call)
    else if (call.call === 'close' || call.call === 'end') {
      // As on any connection: who says so first has ended it.
      if (call.call === 'close' && !this.#closing) this.#ending.reason = call.reason
      this.#closing = true
    }
  }

  /** It was destroyed, or closed before it had opened. */
  #destroyed(call: RecordedCall<unknown>): void {
    const error = call.call === 'destroy' ? call.error : undefined
    if (error === undefined) this.#ending.reason ??= 'local'
    this.#ending.gone = true
    this.#held = []
    this.#tell(this.close(error && { error }))
    this.#stage.destroyed(error)
  }

  #release(): void {
    this.#stage.outlet.run(() => {
      for (let [next] = this.#held; next !== undefined && !this.connection.paused; [next] = this.#held) {
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
