// For the reader: the other ways to read a socket, and a microservice of NestJS. Nothing here has to be reached.

import { echo, startLoad } from '../support/echo.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'
import { reply, request } from './microservice.js'

const readers = new URL('readers.js', import.meta.url)
const services = new URL('microservices.js', import.meta.url)
const report = new Report('net/readers')
const load = await startLoad()

for (const { connections, depth } of [
  { connections: 50, depth: 1 },
  { connections: 8, depth: 64 },
]) {
  const shape = { connections, depth, request: Buffer.alloc(256, 'x') }
  const reader = (name: string) => () => echo(load, readers, name, shape)
  const { sluice, asyncIteration, rxjsFrom } = await race({
    sluice: reader('sluice'),
    asyncIteration: reader('asyncIteration'),
    rxjsFrom: reader('rxjsFrom'),
  })
  const what = `echo, ${connections} × ${depth} of 256 B`
  report.compare(what, sluice, 'for await (socket)', asyncIteration)
  report.compare(what, sluice, 'rxjs from(socket)', rxjsFrom)

  const calls = { connections, depth, request, reply }
  const service = (name: string) => () => echo(load, services, name, calls)
  const { ours, nest } = await race({ ours: service('sluice'), nest: service('nest') })
  report.compare(`JSON microservice, ${connections} × ${depth} of 200 B`, ours, 'NestJS over TCP', nest)
}
await load.stop()
