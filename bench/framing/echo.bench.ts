// Frames over real sockets: 8 connections, 64 frames outstanding on each, which a server finds many in a chunk.

import { echo, startLoad } from '../support/echo.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'

const servers = new URL('echo-servers.js', import.meta.url)
const report = new Report('framing/echo')
const load = await startLoad()

for (const size of [16, 64, 256]) {
  const request = Buffer.alloc(4 + size, 'x')
  request.writeUInt32BE(size)
  const server = (name: string) => () => echo(load, servers, name, { connections: 8, depth: 64, request })
  const { sluice, writePerFrame, gathered } = await race({
    sluice: server('sluice'),
    writePerFrame: server('writePerFrame'),
    gathered: server('gathered'),
  })
  const what = `framed echo with a map, 8 × 64 of ${size} B`
  report.compare(what, sluice, 'a write per frame', writePerFrame, { atLeast: 15 })
  report.compare(what, sluice, 'a hand-written decoder with gathered writes', gathered, { atLeast: 0.9 })
}
await load.stop()
