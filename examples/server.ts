/**
 * A server with limits: it sends back every line, after a while. SIGTERM drains it, and a second one aborts.
 *
 * `node build/examples/server.js 4000`
 */
import { concatMap, delay, fromEvent, of, switchMap } from 'rxjs'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { serve } from 'sluice/server'

const [port = '4000', pause = '100'] = process.argv.slice(2)

const server = serve(
  tcp.listen({ port: Number(port) }).pipe(framed(lines())),
  lines => lines.pipe(concatMap(line => of(line).pipe(delay(Number(pause))))),
  { maxConnections: 2, whenFull: 'refuse', refusal: cause => `sorry: ${cause}` },
)

server.subscribe(event => {
  if (event.type === 'listening') console.log(`listening on port ${event.listener.endpoint.port}`)
  if (event.type === 'refused') console.log(`refused: ${event.cause}`)
})

fromEvent(process, 'SIGTERM')
  .pipe(switchMap(() => server.drain({ announce: () => 'closing' })))
  .subscribe(progress => {
    if (progress.phase !== 'done') console.log(`${progress.phase}: ${progress.remaining}`)
    else console.log(`${progress.finished} finished, ${progress.aborted} aborted, ${progress.bytesLost} bytes lost`)
  })
