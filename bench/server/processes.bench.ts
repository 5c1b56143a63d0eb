// What a second process brings: framed echo, 50 connections with 16 frames outstanding on each.
//
// The load takes its share of the cores, too. Where there are two, one process is measured against a core that nothing
// but the load needs, and two have to leave it some of theirs: no server could be 1.6 times as fast there unless its load
// took a quarter of what it takes. So the answers per processor second of the servers are compared: that says what a
// second process brings while the load is on another machine. Where the load has a core of its own, the clock has to say so too.

import { availableParallelism } from 'node:os'
import { startLoad } from '../support/echo.js'
import { race, type Contestant } from '../support/race.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Workers from './workers.js'

const WARM_UP = 400

const report = new Report('server/processes')
const load = await startLoad()
const request = Buffer.alloc(4 + 16, 'x')
request.writeUInt32BE(16)

async function processes(count: number): Promise<Contestant> {
  const server = await remote<typeof Workers>(new URL('workers.js', import.meta.url))
  const port = await server.start(count)
  const session = await load.open({ port, connections: 50, depth: 16, request }, WARM_UP)
  return {
    async run(ms) {
      const before = [await server.cpu(), (await load.usage()).cpu] as const
      const run = await load.run(session, ms)
      const after = [await server.cpu(), (await load.usage()).cpu] as const
      if (run === undefined) throw new Error('no such session')
      return {
        value: run.rate,
        busy: (after[0] - before[0]) / run.elapsed,
        load: (after[1] - before[1]) / run.elapsed,
      }
    },
    async stop() {
      await load.close(session)
      await server.stop()
    },
  }
}

const { one, two } = await race({ one: () => processes(1), two: () => processes(2) })
await load.stop()

const what = 'framed echo, 50 × 16 of 16 B'
const byTheClock = availableParallelism() > 2 ? { atLeast: 1.6 } : {}
report.compare(`${what}: two processes`, two, 'one', one, byTheClock)
const perSecond = (speeds: typeof one) => speeds.map(({ value, busy = NaN }) => value / busy)
const [ofOne, ofTwo] = [perSecond(one), perSecond(two)]
const ratios = ofTwo.map((rate, round) => (2 * rate) / (ofOne[round] ?? NaN))
report.row(`${what}: two processes with a core each`, 'one, by what its processor second brings', ratios, {
  atLeast: 1.6,
})
