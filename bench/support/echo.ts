import type { Contestant } from './race.js'
import { remote, type Remote } from './remote.js'
import type * as Load from './load.js'

/** How long a server is warmed up, in milliseconds. */
const WARM_UP = 400

/** A module of echo servers: each function starts one and answers its port. */
export type Servers = Readonly<Record<string, () => Promise<number>>>

export type LoadProcess = Remote<typeof Load>

export function startLoad(): Promise<LoadProcess> {
  return remote<typeof Load>(new URL('load.js', import.meta.url))
}

/** A server in a process of its own, and the load that is put on it from another. */
export async function echo(
  load: LoadProcess,
  servers: URL,
  name: string,
  shape: Omit<Load.Shape, 'port'>,
): Promise<Contestant> {
  const server = await remote<Servers>(servers)
  const port = await server[name]?.()
  if (port === undefined) throw new Error(`no server ${name} in ${servers.pathname}`)
  const session = await load.open({ ...shape, port }, WARM_UP)
  return {
    async run(ms) {
      const before = [await server.usage(), await load.usage()] as const
      const run = await load.run(session, ms)
      const after = [await server.usage(), await load.usage()] as const
      if (run === undefined) throw new Error('no such session')
      return {
        value: run.rate,
        busy: (after[0].cpu - before[0].cpu) / run.elapsed,
        load: (after[1].cpu - before[1].cpu) / run.elapsed,
      }
    },
    async stop() {
      await load.close(session)
      await server.stop()
    },
  }
}
