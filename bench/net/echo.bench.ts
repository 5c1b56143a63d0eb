// Bytes sent back as they come: the server's process is the bottleneck, its load has time to spare, which the output
// shows.

import { echo, startLoad } from '../support/echo.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'

const servers = new URL('echo-servers.js', import.meta.url)
const report = new Report('net/echo')
const load = await startLoad()
const request = new Uint8Array(256).map((_, index) => index)

const rows = [
  { connections: 50, depth: 1, atLeast: 0.95 },
  { connections: 1_000, depth: 1, atLeast: 0.9 },
  { connections: 8, depth: 64, atLeast: 1 },
]

for (const { connections, depth, atLeast } of rows) {
  const server = (name: string) => () => echo(load, servers, name, { connections, depth, request })
  const { sluice, bare } = await race({ sluice: server('sluice'), bare: server('bare') })
  report.compare(`echo, ${connections} × ${depth} of 256 B`, sluice, 'bare net', bare, { atLeast })
}
await load.stop()
