import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { SluiceError } from '../connection/errors.js'
import { handleOf } from './socket-handle.js'

/** What share of its files a process keeps for what it has to open itself, and how many at the most. */
const SHARE = 1 / 8
const MOST = 32

/** How many files this process may have open, as it was when a port was bound. */
export class FileLimit {
  readonly #limit: number
  readonly #reserve: number

  /** @param limits what the system says of the process; where there is no such file, there is no limit */
  constructor(limits = '/proc/self/limits') {
    this.#limit = openFiles(limits)
    this.#reserve = Math.min(MOST, Math.floor(this.#limit * SHARE))
  }

  /**
   * Why an accepted socket can't be kept: hardly any files are left. The lowest number that is free is always the next to be given, so that
   * of the newest file says how many there are at the least.
   */
  objection(socket: Socket): SluiceError | undefined {
    if ((handleOf(socket)?.fd ?? 0) < this.#limit - this.#reserve) return undefined
    return new SluiceError(
      'ERR_TOO_MANY_FILES',
      `of the ${this.#limit} files that this process may open, no more than ${this.#reserve} are left`,
    )
  }
}

/** The soft limit. */
function openFiles(limits: string): number {
  try {
    const [, limit] = /^Max open files +(\d+)/m.exec(readFileSync(limits, 'utf8')) ?? []
    return limit === undefined ? Infinity : Number(limit)
  } catch {
    return Infinity
  }
}
