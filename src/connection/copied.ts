import type { Connection } from './connection.js'

/**
 * Where a connection of bytes says up to how many bytes `send` copies at once, so that their array may be written
 * again. One that says nothing promises nothing.
 */
export const copied = Symbol('sluice.copied')

export interface Copies {
  readonly [copied]: number
}

/** Up to how many bytes a connection copies when they are sent. */
export function copiedBy(connection: Connection<never>): number {
  return (connection as Partial<Copies>)[copied] ?? 0
}
