import { SluiceError, type ErrorCode } from '../connection/errors.js'

/** What a Close frame says: a code (RFC 6455 section 7.4) and some words. */
export interface CloseStatus {
  /** Why it closes, as a number. */
  readonly code: number
  /** At most 123 bytes of UTF-8. */
  readonly detail: string
}

/** How `close` closes: with which words, and as whose doing the `close` event has it. */
export interface CloseWith {
  /** 1000 to 1014 but for 1004, 1005 and 1006; or 3000 to 4999. */
  readonly code: number
  /** At most 123 bytes of UTF-8. Default: none. */
  readonly detail?: string
  /** Default `local`. */
  readonly reason?: 'local' | 'shutdown'
}

export const NORMAL: CloseStatus = { code: 1000, detail: '' }
export const RESTARTING: CloseStatus = { code: 1012, detail: '' }
/** A Close frame that has no code. Never sent. */
export const UNSPOKEN: CloseStatus = { code: 1005, detail: '' }
/** No Close frame at all. Never sent. */
export const ABNORMAL: CloseStatus = { code: 1006, detail: '' }

/** Whether a code may stand in a Close frame. */
export function isSendable(code: number): boolean {
  if (!Number.isInteger(code)) return false
  return (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999)
}

/** What we tell a peer whose connection we have to give up, or nothing where he would not hear it. */
export function lastWord(error: Error): CloseStatus | undefined {
  const code = 'code' in error ? words[error.code as ErrorCode] : undefined
  return code === 0 ? undefined : { code: code ?? 1011, detail: '' }
}

/** By the code of the error; 0 for those who are presumed dead or do not read. All others are 1011: we were at fault. */
const words: Readonly<Partial<Record<ErrorCode, number>>> = {
  ERR_CLOSE_TIMEOUT: 0,
  ERR_CLOSED_ABNORMALLY: 0,
  ERR_HEARTBEAT_TIMEOUT: 0,
  ERR_SEND_OVERFLOW: 0,
  ERR_WRITE_TIMEOUT: 0,
  ERR_IDLE_TIMEOUT: 1001,
  ERR_PROTOCOL: 1002,
  ERR_MESSAGE_KIND: 1003,
  ERR_FRAME_MALFORMED: 1007,
  ERR_FRAME_TRUNCATED: 1007,
  ERR_MESSAGE_ENCODING: 1007,
  ERR_FIRST_PACKET_TIMEOUT: 1008,
  ERR_FLOOD: 1008,
  ERR_FRAME_TOO_LONG: 1009,
  ERR_MESSAGE_TOO_LONG: 1009,
  ERR_REFUSED: 1013,
}

/** @throws `SluiceError` with code `ERR_OPTIONS` for a code that may not be sent, or a detail that does not fit */
export function checkedStatus({ code, detail = '' }: CloseWith): CloseStatus {
  if (!isSendable(code)) throw new SluiceError('ERR_OPTIONS', `close: code may not be ${String(code)}`)
  if (new TextEncoder().encode(detail).length > 123)
    throw new SluiceError('ERR_OPTIONS', 'close: detail must have at most 123 bytes')
  return { code, detail }
}
