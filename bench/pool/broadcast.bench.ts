// One packet to many. The first row has a thousand peers and sixteen packets a turn. In the second one peer in ten
// never reads, and the others must not notice.

import { race, type Contestant } from '../support/race.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Audience from './audience.js'
import type * as Broadcasters from './broadcasters.js'

const report = new Report('pool/broadcast')

/** A server in a process of its own, and in another those who are connected to it. */
async function scene(name: 'sluice' | 'bare', count: number, stalled = 0) {
  const server = await remote<typeof Broadcasters>(new URL('broadcasters.js', import.meta.url))
  const audience = await remote<typeof Audience>(new URL('audience.js', import.meta.url))
  await audience.take(await server[name](), count, stalled)
  const stop = async (): Promise<void> => {
    await audience.stop()
    await server.stop()
  }
  return { server, audience, stop }
}

const PEERS = 1_000

const deliveries = (name: 'sluice' | 'bare') => async (): Promise<Contestant> => {
  const { server, stop } = await scene(name, PEERS)
  await server.turns(300)
  // Counted by the server's processor time: otherwise it would be the audience that sets the pace.
  const run = async (ms: number) => {
    const before = await server.usage()
    const packets = await server.turns(ms)
    const after = await server.usage()
    return { value: (packets * PEERS * 1000) / (after.cpu - before.cpu) }
  }
  return { run, stop }
}
const { sluice, bare } = await race({ sluice: deliveries('sluice'), bare: deliveries('bare') }, { turn: 400 })
report.compare(`broadcast to ${PEERS}, 16 a turn, per second of a core`, sluice, 'a loop of writes', bare, {
  atLeast: 9,
})

const latency = (stalled: number) => async (): Promise<Contestant> => {
  const { server, audience, stop } = await scene('sluice', 100, stalled)
  await audience.listen(stalled)
  await server.ticks(300)
  await audience.slowest()
  const run = async (ms: number) => {
    await server.ticks(ms)
    return { value: await audience.slowest() }
  }
  return { run, stop }
}
const { some, none } = await race({ some: latency(10), none: latency(0) }, { turn: 400 })
report.compare('p99 of the others where one peer in ten is stalled, ms', some, 'none stalled', none, { atMost: 1.2 })
