// Messages over real sockets, a server's side: a client in another process has its frames ready.

import { echo, startLoad } from '../support/echo.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'
import { answered, asked, request, type Kind } from './frames.js'

const servers = new URL('echo-servers.js', import.meta.url)
const report = new Report('websocket/echo')
const load = await startLoad()

await row('binary', 16, 8, 64, 5)
await row('text', 16, 8, 64, 5)
await row('binary', 256, 8, 64, 5)
await row('text', 256, 8, 64, 5)
await row('binary', 256, 50, 1, 0.95)
await row('binary', 4 * 1024, 4, 16, 2)
await row('binary', 64 * 1024, 4, 4, 0.95)
await load.stop()

async function row(kind: Kind, size: number, connections: number, depth: number, atLeast: number): Promise<void> {
  const shape = { connections, depth, preamble: request, request: asked(kind, size), reply: answered(kind, size) }
  const server = (name: string) => () => echo(load, servers, name, shape)
  const { sluice, ws, wsCorked } = await race({
    sluice: server('sluice'),
    ws: server('ws'),
    wsCorked: server('wsCorked'),
  })
  const what = `echo of ${kind}, ${connections} × ${depth} of ${size} B`
  report.compare(what, sluice, 'ws', ws, { atLeast })
  report.compare(what, sluice, 'ws, corked by hand', wsCorked)
}
