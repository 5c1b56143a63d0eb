/**
 * An error of Sluice's own. Match its `code`, not its class: the codes are stable and `docs/errors.md` lists them all. What the system
 * reports (`ECONNREFUSED`, `ECONNRESET`, …) is passed on as it came.
 */
export class SluiceError extends Error {
  /** The same for each, whatever class it is of. */
  override readonly name = 'SluiceError'
  /** What it is to be told apart by. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** The stable codes; `docs/errors.md` says of each when it comes and what to do. */
export type ErrorCode =
  | 'ERR_CLOSED_ABNORMALLY'
  | 'ERR_CLOSE_TIMEOUT'
  | 'ERR_CONNECT_TIMEOUT'
  | 'ERR_DRAINED'
  | 'ERR_FIRST_PACKET_TIMEOUT'
  | 'ERR_FLOOD'
  | 'ERR_FRAME_MALFORMED'
  | 'ERR_FRAME_TOO_LONG'
  | 'ERR_FRAME_TRUNCATED'
  | 'ERR_GAVE_UP'
  | 'ERR_HANDLER'
  | 'ERR_HANDSHAKE_ENDED'
  | 'ERR_HANDSHAKE_MALFORMED'
  | 'ERR_HANDSHAKE_REFUSED'
  | 'ERR_HANDSHAKE_TIMEOUT'
  | 'ERR_HEARTBEAT_TIMEOUT'
  | 'ERR_IDLE_TIMEOUT'
  | 'ERR_LEASE_TIMEOUT'
  | 'ERR_MESSAGE_ENCODING'
  | 'ERR_MESSAGE_KIND'
  | 'ERR_MESSAGE_TOO_LONG'
  | 'ERR_NOT_OPEN'
  | 'ERR_OPTIONS'
  | 'ERR_PLAN'
  | 'ERR_POLICY'
  | 'ERR_POOL_CLOSED'
  | 'ERR_POOL_FULL'
  | 'ERR_PROTOCOL'
  | 'ERR_READ_ENDED'
  | 'ERR_READ_OVERFLOW'
  | 'ERR_READ_TIMEOUT'
  | 'ERR_RECEIVE_OVERFLOW'
  | 'ERR_REFUSED'
  | 'ERR_REQUEST_LOST'
  | 'ERR_REQUEST_OVERFLOW'
  | 'ERR_REQUEST_TIMEOUT'
  | 'ERR_RESOLVE_TIMEOUT'
  | 'ERR_RESULT_OVERFLOW'
  | 'ERR_SEND_OVERFLOW'
  | 'ERR_TOO_MANY_FILES'
  | 'ERR_UPGRADE'
  | 'ERR_WRITE_TIMEOUT'

/** Whatever was thrown, as an `Error`. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(textOf(thrown), { cause: thrown })
}

/** One of another realm, such as a test runner's sandbox makes, is no instance of ours. */
function isError(thrown: unknown): thrown is Error {
  return thrown instanceof Error || kindOf(thrown) === '[object Error]'
}

function textOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return kindOf(thrown)
  }
}

function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value)
}

/** What user code threw, as the reason for which its connection is closed (law 8). It is named once, where it was called. */
export function handlerError(where: string, thrown: unknown): SluiceError {
  if (thrown instanceof SluiceError && thrown.code === 'ERR_HANDLER') return thrown
  return new SluiceError('ERR_HANDLER', `${where} threw: ${asError(thrown).message}`, { cause: thrown })
}
