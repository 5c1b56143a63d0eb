// Connections opened, used once and closed.

import { race, type Contestant } from '../support/race.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Servers from './echo-servers.js'
import type * as Visitors from './visitors.js'

const PARALLEL = 32

const report = new Report('net/rate')
const visitors = await remote<typeof Visitors>(new URL('visitors.js', import.meta.url))

async function visited(name: 'sluice' | 'bare'): Promise<Contestant> {
  const server = await remote<typeof Servers>(new URL('echo-servers.js', import.meta.url))
  const port = await server[name]()
  await visitors.visit(port, PARALLEL, 400)
  return {
    async run(ms) {
      const before = [await server.usage(), await visitors.usage()] as const
      const { rate, elapsed } = await visitors.visit(port, PARALLEL, ms)
      const after = [await server.usage(), await visitors.usage()] as const
      const busy = (after[0].cpu - before[0].cpu) / elapsed
      return { value: rate, busy, load: (after[1].cpu - before[1].cpu) / elapsed }
    },
    stop: () => server.stop(),
  }
}

const { sluice, bare } = await race({ sluice: () => visited('sluice'), bare: () => visited('bare') })
report.compare('connections per second', sluice, 'bare net', bare, { atLeast: 0.95 })
await visitors.stop()
