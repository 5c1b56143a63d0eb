// From the moment at which a server drops its client until that is open again and has said so: less is better.

import { setTimeout as pause } from 'node:timers/promises'
import { race, type Contestant } from '../support/race.js'
import { remote } from '../support/remote.js'
import { median, Report } from '../support/report.js'
import type * as Clients from './clients.js'
import type * as Dropper from './dropper.js'

/** How long clients come and go before it counts, in milliseconds: a reconnect runs through much code, and each only once. */
const WARM_UP = 2_000

const report = new Report('reconnect/reconnect')

async function client(name: keyof typeof Clients): Promise<Contestant> {
  const server = await remote<typeof Dropper>(new URL('dropper.js', import.meta.url))
  const clients = await remote<typeof Clients>(new URL('clients.js', import.meta.url))
  await clients[name](await server.start())
  await pause(100)
  await server.measure(WARM_UP)
  return {
    run: async ms => ({ value: median(await server.measure(ms)) }),
    async stop() {
      await clients.stop()
      await server.stop()
    },
  }
}

const { sluice, bare } = await race({ sluice: () => client('sluice'), bare: () => client('bare') })
report.compare('drop to open with zero backoff, ms', sluice, 'bare net', bare, { atMost: 1.15 })
