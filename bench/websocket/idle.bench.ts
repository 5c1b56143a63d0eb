// What an idle WebSocket costs a server: the growth of its resident memory from none to 10 000 of them.

import { setTimeout as pause } from 'node:timers/promises'
import type * as Visitors from '../net/visitors.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Servers from './echo-servers.js'
import { request } from './frames.js'

const COUNT = 10_000
const ROUNDS = 5

const report = new Report('websocket/idle')
const visitors = await remote<typeof Visitors>(new URL('../net/visitors.js', import.meta.url))

async function cost(name: 'sluice' | 'ws'): Promise<{ readonly resident: number; readonly heap: number }> {
  const server = await remote<typeof Servers>(new URL('echo-servers.js', import.meta.url))
  const port = await server[name]()
  const used = async () => {
    await pause(200)
    await server.collectGarbage()
    await server.collectGarbage()
    return server.usage()
  }
  // What the first connections load and compile is no cost of the ten thousand.
  await visitors.hold(port, 500, request)
  await visitors.letGo()
  const before = await used()
  await visitors.hold(port, COUNT, request)
  const after = await used()
  await visitors.letGo()
  await server.stop()
  return { resident: (after.resident - before.resident) / COUNT, heap: (after.heap - before.heap) / COUNT }
}

const ours: Awaited<ReturnType<typeof cost>>[] = []
const theirs: Awaited<ReturnType<typeof cost>>[] = []
for (let round = 0; round <= ROUNDS; round += 1) {
  const [sluice, ws] = [await cost('sluice'), await cost('ws')]
  if (round === 0) continue
  ours.push(sluice)
  theirs.push(ws)
}
await visitors.stop()

const values = (costs: typeof ours, kind: 'resident' | 'heap') => costs.map(each => ({ value: each[kind] }))
report.compare('resident bytes of an idle connection', values(ours, 'resident'), 'ws', values(theirs, 'resident'), {
  atMost: 1.15,
})
report.compare('heap bytes of an idle connection', values(ours, 'heap'), 'ws', values(theirs, 'heap'))
