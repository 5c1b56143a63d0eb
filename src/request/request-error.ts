import { SluiceError, type ErrorCode } from '../connection/errors.js'

/** Whether the peer may know of a request that has failed. */
export type Sent =
  /** No connection was ever given it. */
  | 'no'
  /** It was given to a connection: the peer may have done what it says, or never have heard of it. */
  | 'unknown'

/** The error of an ask that was not answered. */
export class RequestError extends SluiceError {
  /** Whether it is safe to ask again: with `no` it is. */
  readonly sent: Sent

  constructor(code: ErrorCode, message: string, sent: Sent, options?: ErrorOptions) {
    super(code, message, options)
    this.sent = sent
  }
}
