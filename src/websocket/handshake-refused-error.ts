import { SluiceError } from '../connection/errors.js'

/** What was answered to a handshake in place of an upgrade. */
export interface HandshakeRefusal {
  /** That of HTTP: 401, 503, … */
  readonly status: number
  /** Names are in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  /** The first 64 KiB of it at most, as text. */
  readonly body: string
}

/**
 * The error of a handshake that was refused (`ERR_HANDSHAKE_REFUSED`), with what the server has answered; on a server it is what we have.
 */
export class HandshakeRefusedError extends SluiceError implements HandshakeRefusal {
  readonly status: number
  readonly headers: HandshakeRefusal['headers']
  readonly body: string

  constructor({ status, headers, body }: HandshakeRefusal, message: string, options?: ErrorOptions) {
    super('ERR_HANDSHAKE_REFUSED', message, options)
    this.status = status
    this.headers = headers
    this.body = body
  }
}
