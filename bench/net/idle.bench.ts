// What an idle connection costs a server: the growth of its memory from none to 10 000 of them, after a garbage
// collection.

import { setTimeout as pause } from 'node:timers/promises'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Servers from './echo-servers.js'
import type * as Visitors from './visitors.js'

const COUNT = 10_000
const ROUNDS = 9

interface Cost {
  readonly resident: number
  readonly heap: number
}

const report = new Report('net/idle')
const visitors = await remote<typeof Visitors>(new URL('visitors.js', import.meta.url))

/**
 * Bytes per connection: held and never used, and after one packet each way.
 *
 * @param warmUp how many come and go before; how much of its young memory a process has touched by then, and with it up to a third of
 * what is found, depends on their number and on nothing else: so it is another one in every round
 */
async function costs(name: 'sluice' | 'bare', warmUp: number): Promise<{ readonly fresh: Cost; readonly used: Cost }> {
  const server = await remote<typeof Servers>(new URL('echo-servers.js', import.meta.url))
  const port = await server[name]()
  // What the first connections load and compile is no cost of the ten thousand.
  await visitors.hold(port, warmUp)
  await visitors.useAll()
  await visitors.letGo()
  const before = await settled(server)
  await visitors.hold(port, COUNT)
  const held = await settled(server)
  await visitors.useAll()
  const after = await settled(server)
  await visitors.letGo()
  await server.stop()
  const cost = (now: Cost) => ({
    resident: (now.resident - before.resident) / COUNT,
    heap: (now.heap - before.heap) / COUNT,
  })
  return { fresh: cost(held), used: cost(after) }
}

async function settled(server: Awaited<ReturnType<typeof remote<typeof Servers>>>): Promise<Cost> {
  await pause(200)
  await server.collectGarbage()
  await server.collectGarbage()
  return server.usage()
}

const sluice: Awaited<ReturnType<typeof costs>>[] = []
const bare: Awaited<ReturnType<typeof costs>>[] = []
for (let round = 0; round <= ROUNDS; round += 1) {
  const warmUp = 200 + 200 * round
  const [ours, theirs] = [await costs('sluice', warmUp), await costs('bare', warmUp)]
  if (round === 0) continue
  sluice.push(ours)
  bare.push(theirs)
}
await visitors.stop()

const compare = (state: 'fresh' | 'used', kind: keyof Cost, what: string, atMost?: number) => {
  const values = (all: typeof sluice) => all.map(cost => ({ value: cost[state][kind] }))
  report.compare(what, values(sluice), 'bare net', values(bare), atMost === undefined ? {} : { atMost })
}
compare('fresh', 'resident', 'resident bytes of an idle connection', 1.15)
compare('fresh', 'heap', 'heap bytes of an idle connection', 1.6)
compare('used', 'resident', 'resident bytes of one that was used once')
compare('used', 'heap', 'heap bytes of one that was used once')
