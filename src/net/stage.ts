import type { Subscription } from 'rxjs'
import { after } from '../connection/clock.js'
import { SluiceError, type ErrorCode } from '../connection/errors.js'

const CODES = {
  resolve: 'ERR_RESOLVE_TIMEOUT',
  connect: 'ERR_CONNECT_TIMEOUT',
  handshake: 'ERR_HANDSHAKE_TIMEOUT',
} as const satisfies Record<string, ErrorCode>

/** The stage that a dial is in, with its deadline: entering one leaves the one before. */
export class Stage {
  readonly #overdue: (error: SluiceError) => void
  #timer: Subscription | undefined

  constructor(overdue: (error: SluiceError) => void) {
    this.#overdue = overdue
  }

  enter(stage: keyof typeof CODES, within: number): void {
    this.leave()
    if (within === Infinity) return
    this.#timer = after(within, () => {
      this.#overdue(overdue(stage, within))
    })
  }

  leave(): void {
    this.#timer?.unsubscribe()
    this.#timer = undefined
  }
}

export function overdue(stage: keyof typeof CODES, within: number): SluiceError {
  return new SluiceError(CODES[stage], `${stage} took longer than ${within} ms`)
}
