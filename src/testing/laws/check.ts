import type { ConnectionEvent } from '../../connection/event.js'
import { equal } from '../equal.js'
import { shown } from '../letters.js'
import { summary } from './witness.js'

/** @throws `Error` that says what is wrong */
export function check(isSo: boolean, otherwise: string): asserts isSo {
  if (!isSo) throw new Error(otherwise)
}

export function same(actual: unknown, expected: unknown, what: string): void {
  check(equal(actual, expected), `${what}: ${shown(actual)}, not ${shown(expected)}`)
}

/** Bytes are compared as such, but never shown: they are many. */
export function sameBytes(actual: Uint8Array, expected: Uint8Array, what: string): void {
  check(actual.length === expected.length, `${what}: ${actual.length} bytes, not ${expected.length}`)
  const at = actual.findIndex((byte, index) => byte !== expected[index])
  check(at < 0, `${what}: byte ${at} is another`)
}

/** Law 1: what each connection's events look like in a row, as far as they were told. */
const life = /^(?:connecting )?(?:open (?:packet |drain )*(?:end )?(?:drain )*)?(?:close )?$/

export function checkLives(events: readonly ConnectionEvent[]): void {
  const lives = new Map<string, ConnectionEvent[]>()
  for (const event of events) {
    if (!('connection' in event)) continue
    const { id } = event.connection
    const told = lives.get(id) ?? []
    told.push(event)
    lives.set(id, told)
  }
  for (const told of lives.values()) {
    check(life.test(told.map(({ type }) => `${type} `).join('')), `law 1: a connection told ${summary(told)}`)
  }
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
