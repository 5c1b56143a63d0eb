import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { later } from './closing.js'

/** A directory of its own for each call, removed after the spec. */
export function directory(): string {
  const made = mkdtempSync(join(tmpdir(), 'sluice-'))
  later(() => {
    rmSync(made, { recursive: true, force: true })
  })
  return made
}

/** A path at which nothing is yet. */
export function freshPath(): string {
  return join(directory(), 'socket')
}
