// Requests that are answered at once, over real sockets: 8 connections, 32 requests outstanding on each.

import { echo, startLoad } from '../support/echo.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'

const SIZE = 64

const servers = new URL('servers.js', import.meta.url)
const report = new Report('request/respond')
const load = await startLoad()

const request = Buffer.alloc(4 + SIZE, 'x')
request.writeUInt32BE(SIZE)
const server = (name: string) => () => echo(load, servers, name, { connections: 8, depth: 32, request })

const { byId, inOrder, gathered } = await race({
  byId: server('respondById'),
  inOrder: server('respondInOrder'),
  gathered: server('gathered'),
})
const what = `respond, 8 × 32 requests of ${SIZE} B`
const against = 'a hand-written decoder with gathered writes'
report.compare(`${what}, by id`, byId, against, gathered)
report.compare(`${what}, in order`, inOrder, against, gathered)
await load.stop()
