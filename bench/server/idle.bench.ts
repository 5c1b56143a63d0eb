// What a connection costs a server: the growth of the heap with thousands of them, after a garbage collection.

import { setTimeout as pause } from 'node:timers/promises'
import type * as Visitors from '../net/visitors.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Servers from './servers.js'

const COUNT = 5_000
const ROUNDS = 5

type Kind = keyof typeof Servers
const kinds: readonly Kind[] = ['listened', 'grouped', 'served', 'handled']

const report = new Report('server/idle')
const visitors = await remote<typeof Visitors>(new URL('../net/visitors.js', import.meta.url))

/** Bytes of heap per connection. */
async function cost(kind: Kind): Promise<{ readonly value: number }> {
  const server = await remote<typeof Servers>(new URL('servers.js', import.meta.url))
  const port = await server[kind]()
  const heap = async (): Promise<number> => {
    await pause(100)
    await server.collectGarbage()
    await server.collectGarbage()
    return (await server.usage()).heap
  }
  // What the first connections load and compile is no cost of the others.
  await visitors.hold(port, 500)
  await visitors.letGo()
  const before = await heap()
  await visitors.hold(port, COUNT)
  const after = await heap()
  await visitors.letGo()
  await server.stop()
  return { value: (after - before) / COUNT }
}

const costs = new Map<Kind, { readonly value: number }[]>(kinds.map(kind => [kind, []]))
for (let round = 0; round <= ROUNDS; round += 1) {
  for (const kind of kinds) {
    const measured = await cost(kind)
    if (round > 0) costs.get(kind)?.push(measured)
  }
}
await visitors.stop()

const compare = (kind: Kind, what: string, atMost?: number) => {
  const [ours, theirs] = [costs.get(kind) ?? [], costs.get('listened') ?? []]
  report.compare(`heap bytes of ${what}`, ours, "the core's", theirs, atMost === undefined ? {} : { atMost })
}
compare('grouped', 'a connection in a group')
compare('served', 'a connection of a server', 1.2)
compare('handled', 'a connection with a handler')
