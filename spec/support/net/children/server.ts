// A server with limits, in a process of its own: sends back every line, tells where it listens, on each line of its input what it has
// counted, and after a SIGTERM the report of its drain.

import { fromEvent, switchMap } from 'rxjs'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { serve } from 'sluice/server'

const [options = '{}'] = process.argv.slice(2)
const say = (what: object): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

const server = serve(
  tcp.listen({ host: '127.0.0.1', port: 0 }).pipe(framed(lines())),
  packets => packets,
  JSON.parse(options) as object,
)
server.subscribe(event => {
  if (event.type === 'listening') say({ port: event.listener.endpoint.port })
})
fromEvent(process, 'SIGTERM')
  .pipe(switchMap(() => server.drain()))
  .subscribe(progress => {
    if (progress.phase !== 'done') return
    say(progress)
    process.stdin.destroy()
  })
process.stdin.on('data', () => {
  say(server.info())
})
