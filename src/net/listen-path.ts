import { chmodSync, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs'
import { connect, type Server } from 'node:net'
import { isMainThread } from 'node:worker_threads'
import { newId } from '../connection/id.js'
import { isPipe, type PathPlace } from './socket-options.js'

/**
 * Listens on a Unix socket, after taking over the file that a dead server has left at its path. Whatever else is there makes `listen`
 * fail in its own words.
 *
 * @param wanted whether anybody still wants it, after the look at the file
 */
export function listenPath(server: Server, at: PathPlace, backlog: number, wanted: () => boolean): void {
  const { path } = at
  const there = isPipe(path) ? undefined : socketAt(path)
  if (there === undefined) {
    listen(server, at, backlog)
    return
  }
  ifDead(path, dead => {
    if (!wanted()) return
    if (dead) remove(path, there)
    listen(server, at, backlog)
  })
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
  if (server.listening) changeMode(server, path, mode)
}

/** Somebody may have removed the file meanwhile: a server that nobody can find is none. */
function changeMode(server: Server, path: string, mode: number): void {
  try {
    chmodSync(path, mode)
  } catch (thrown) {
    server.close()
    server.emit('error', thrown)
  }
}

/** What tells a socket's file from another that takes its place, or `undefined` where there is no socket. */
function socketAt(path: string): string | undefined {
  try {
    const stats = lstatSync(path, { bigint: true })
    return stats.isSocket() ? `${stats.dev} ${stats.ino} ${stats.mtimeNs}` : undefined
  } catch {
    return undefined
  }
}

/**
 * Nobody answers at a dead server's path, and the system says so by refusing. It does too in the moment between another server's bind and its
 * listen: hence the second look.
 */
function ifDead(path: string, tell: (dead: boolean) => void, looks = 2): void {
  const probe = connect({ path })
  probe.once('connect', () => {
    probe.destroy()
    tell(false)
  })
  probe.once('error', ({ code }: NodeJS.ErrnoException) => {
    if (code !== 'ECONNREFUSED') tell(false)
    else if (looks > 1) ifDead(path, tell, looks - 1)
    else tell(true)
  })
}

/**
 * Removes a dead server's file. Of several that start at the same time each finds it dead, and a slower one must not remove what a faster
 * one has made in its place: so it is first moved aside, which only one can do, and looked at there.
 */
function remove(path: string, dead: string): void {
  if (socketAt(path) !== dead) return
  const aside = `${path}.${newId()}`
  try {
    renameSync(path, aside)
    if (socketAt(aside) !== dead) linkSync(aside, path)
    unlinkSync(aside)
  } catch {
    // Somebody else was faster, or we may not: `listen` will say.
  }
}
