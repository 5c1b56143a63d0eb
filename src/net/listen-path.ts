import { chmodSync, existsSync, linkSync, renameSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { newId } from '../connection/id.js'
import type { PathPlace } from './socket-options.js'

/**
 * Listens on a Unix socket, after taking over the file that a dead server has left at its path. Whatever else is there makes `listen`
 * fail in its own words.
 *
 * @param wanted whether anybody still wants it, after the look at the file
 */
export function listenPath(server: Server, at: PathPlace, backlog: number, wanted: () => boolean): void {
  const { path } = at
  if (isPipe(path) || !existsSync(path)) {
    listen(server, at, backlog)
    return
  }
  ifDead(path, dead => {
    if (dead && wanted()) takeOver(path, () => listenIfWanted())
    else listenIfWanted()
  })

  function listenIfWanted(): void {
    if (wanted()) listen(server, at, backlog)
  }
}

function listen(server: Server, { path, mode }: PathPlace, backlog: number): void {
  if (mode === undefined || isPipe(path)) {
    server.listen({ path, backlog })
    return
  }
  // The file has to be born with its mode: between `listen` and a `chmod` others could connect. A worker thread has no umask of its own.
  const umask = isMainThread ? process.umask(0o777 & ~mode) : undefined
  server.listen({ path, backlog })
  if (umask !== undefined) process.umask(umask)
  if (server.listening) chmodSync(path, mode)
}

/** Nobody answers at a dead server's path, and the system says so by refusing. */
function ifDead(path: string, tell: (dead: boolean) => void): void {
  const probe = connect({ path })
  probe.once('connect', () => {
    probe.destroy()
    tell(false)
  })
  probe.once('error', (error: NodeJS.ErrnoException) => {
    tell(error.code === 'ECONNREFUSED')
  })
}

/**
 * Removes a dead server's file. Two that start at the same time both find it dead, and the slower must not remove the file that the faster
 * has just made: so it is first moved aside, which only one can do, and looked at again there.
 */
function takeOver(path: string, done: () => void): void {
  const aside = `${path}.${newId()}`
  try {
    renameSync(path, aside)
  } catch {
    done() // Somebody else was faster.
    return
  }
  ifDead(aside, dead => {
    try {
      if (!dead) linkSync(aside, path)
      unlinkSync(aside)
    } finally {
      done()
    }
  })
}

function isPipe(path: string): boolean {
  return path.startsWith('\\\\.\\pipe\\') || path.startsWith('\\\\?\\pipe\\')
}
