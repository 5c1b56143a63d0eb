import type { Connection } from '../connection/connection.js'
import { encoder, type Encoder } from '../connection/encoded.js'
import { SluiceError } from '../connection/errors.js'
import type { CloseEvent } from '../connection/event.js'
import { Link } from '../connection/link.js'
import { ABNORMAL, NORMAL, RESTARTING, checkedStatus, type CloseWith } from './close-status.js'
import type { MessageWire } from './message-wire.js'
import type { WebSocketConnection } from './web-socket-connection.js'
import type { WebSocketCloseEvent } from './web-socket-event.js'

/** A live connection whose ends tell each other why they close. */
export class WebSocketLink<In, Out> extends Link<In, Out> implements WebSocketConnection<Out> {
  get protocol(): string {
    return this.#messages?.protocol ?? ''
  }

  override get [encoder](): Encoder<Out> | undefined {
    return this.#messages?.frames
  }

  override close(how: 'local' | 'shutdown' | CloseWith = 'local'): void {
    const status = typeof how === 'object' ? checkedStatus(how) : how === 'shutdown' ? RESTARTING : NORMAL
    if (this.state === 'open') this.#messages?.leaveWith(status)
    super.close(typeof how === 'object' ? how.reason : how)
  }

  override destroy(error?: Error): void {
    if (isLate(error) && this.#messages?.settled === true) this.#messages.destroy()
    else super.destroy(error)
  }

  protected override described(close: CloseEvent<Connection<Out>>): WebSocketCloseEvent<Connection<Out>> {
    return { ...close, ...(this.#messages?.status ?? ABNORMAL) }
  }

  get #messages(): MessageWire<Out> | undefined {
    return this.wire as MessageWire<Out> | undefined
  }
}

function isLate(error: Error | undefined): boolean {
  return error instanceof SluiceError && error.code === 'ERR_CLOSE_TIMEOUT'
}
