// What an idle member of a pool costs: the growth of the heap with a thousand of them, after a garbage collection.

import { setTimeout as pause } from 'node:timers/promises'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Members from './members.js'

const COUNT = 1_000
const ROUNDS = 5
const members = new URL('members.js', import.meta.url)
const report = new Report('pool/idle')

/** Bytes of heap per connection. */
async function cost(name: 'pooled' | 'merged'): Promise<{ readonly value: number }> {
  const [server, client] = [await remote<typeof Members>(members), await remote<typeof Members>(members)]
  const port = await server.serve()
  // What the first connections load and compile is no cost of the others.
  await client[name](port, 100)
  const heap = async (): Promise<number> => {
    await pause(100)
    await client.collectGarbage()
    await client.collectGarbage()
    return (await client.usage()).heap
  }
  const before = await heap()
  await client[name](port, COUNT)
  const after = await heap()
  await client.stop()
  await server.stop()
  return { value: (after - before) / COUNT }
}

const pooled: { readonly value: number }[] = []
const merged: { readonly value: number }[] = []
for (let round = 0; round <= ROUNDS; round += 1) {
  const [ours, theirs] = [await cost('pooled'), await cost('merged')]
  if (round === 0) continue
  pooled.push(ours)
  merged.push(theirs)
}
report.compare('heap bytes of an idle member', pooled, 'a connection that is merged', merged, { atMost: 1.2 })
