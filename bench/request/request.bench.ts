// Requests and their answers over a pool of eight connections to a server that answers at once: the client is the bottleneck.

import { race, type Contestant } from '../support/race.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Servers from '../net/echo-servers.js'
import type * as Clients from './clients.js'

const report = new Report('request/request')
const IN_FLIGHT = 256

async function client(name: 'observable' | 'promise' | 'byTurns' | 'leastBusy'): Promise<Contestant> {
  const server = await remote<typeof Servers>(new URL('../net/echo-servers.js', import.meta.url))
  const clients = await remote<typeof Clients>(new URL('clients.js', import.meta.url))
  await clients[name](await server.bare())
  await clients.run(400, IN_FLIGHT)
  return {
    async run(ms) {
      const before = [await clients.usage(), await server.usage(), performance.now()] as const
      const value = await clients.run(ms, IN_FLIGHT)
      const after = [await clients.usage(), await server.usage(), performance.now()] as const
      const elapsed = after[2] - before[2]
      return {
        value,
        busy: (after[0].cpu - before[0].cpu) / elapsed,
        load: (after[1].cpu - before[1].cpu) / elapsed,
      }
    },
    async stop() {
      await clients.stop()
      await server.stop()
    },
  }
}

const { observable, promise, byTurns, leastBusy } = await race({
  observable: () => client('observable'),
  promise: () => client('promise'),
  byTurns: () => client('byTurns'),
  leastBusy: () => client('leastBusy'),
})
const what = `request and reply over a pool of 8, ${IN_FLIGHT} in flight, 64 B`
const against = 'hand-written, with gathered writes and a Map'
report.compare(`${what}: Observable`, observable, against, byTurns, { atLeast: 0.9 })
report.compare(`${what}: promise`, promise, against, byTurns, { atLeast: 0.8 })
report.compare(`${what}: Observable`, observable, `${against}, asking where the fewest are in flight`, leastBusy)
report.compare(`${what}: promise`, promise, `${against}, asking where the fewest are in flight`, leastBusy)
