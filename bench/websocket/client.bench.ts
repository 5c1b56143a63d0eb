// A client with 64 messages of 16 B outstanding, against a server in another process that is faster than any of them.

import { job } from '../support/job.js'
import { race } from '../support/race.js'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Servers from './echo-servers.js'

const clients = new URL('clients.js', import.meta.url)
const report = new Report('websocket/client')
const servers = await remote<typeof Servers>(new URL('echo-servers.js', import.meta.url))
const port = await servers.sluice()

const client = (name: string) => () => job(clients, name, port)
const { sluice, rxjs, rxjsWebsockets } = await race({
  sluice: client('sluice'),
  rxjs: client('rxjs'),
  rxjsWebsockets: client('rxjsWebsockets'),
})
const what = 'a client with 64 outstanding, text of 16 B'
report.compare(what, sluice, 'rxjs/webSocket', rxjs, { atLeast: 2 })
report.compare(what, sluice, 'rxjs-websockets', rxjsWebsockets, { atLeast: 2 })
await servers.stop()
