import type { Connection } from './connection.js'

/**
 * Where a connection of bytes says up to how many bytes of a packet `send` copies at once, so that their array may be written again. It says nothing where
 * it can't promise: then all that is sent has to be left alone.
 */
export const copied = Symbol('sluice.copied')

export interface Copies {
  readonly [copied]: number
}

/** Up to how many bytes `send` copies at once. */
export function copiedBy(connection: Connection<never>): number {
  return (connection as Partial<Copies>)[copied] ?? 0
}
