// The same as `echo`, encrypted: 4 connections, 4 packets outstanding on each.

import { echo, startLoad } from '../support/echo.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'

const servers = new URL('tls-servers.js', import.meta.url)
const report = new Report('net/tls-echo')
const load = await startLoad()

for (const size of [4, 64]) {
  const request = Buffer.alloc(size * 1024, 'x')
  const server = (name: string) => () => echo(load, servers, name, { connections: 4, depth: 4, request, secure: true })
  const { sluice, bare } = await race({ sluice: server('sluice'), bare: server('bare') })
  report.compare(`TLS echo, 4 × 4 of ${size} KiB`, sluice, 'bare tls', bare, { atLeast: 0.95 })
}
await load.stop()
