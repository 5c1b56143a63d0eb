import type { CloseReason } from './event.js'

/** What an error makes of a close. */
export function reasonOf(error: Error): CloseReason {
  return 'code' in error && String(error.code).endsWith('_TIMEOUT') ? 'timeout' : 'error'
}
