/**
 * One server in several processes: each answers with its number. SIGTERM drains all of them, and a second one aborts.
 *
 * `node build/examples/cluster.js 4000 2`
 */
import cluster from 'node:cluster'
import { availableParallelism } from 'node:os'
import { fromEvent, map, switchMap } from 'rxjs'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { serve } from 'sluice/server'

const [port = '4000', processes = availableParallelism()] = process.argv.slice(2)
const signals = fromEvent(process, 'SIGTERM')

if (cluster.isPrimary) {
  for (let count = 0; count < Number(processes); count += 1) cluster.fork()
  signals.subscribe(() => {
    for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
  })
} else {
  const id = cluster.worker?.id ?? 0
  const server = serve(tcp.listen({ port: Number(port) }).pipe(framed(lines())), packets =>
    packets.pipe(map(line => `${id}: ${line}`)),
  )
  server.subscribe({
    next(event) {
      if (event.type === 'listening') console.log(`${id} is listening on port ${event.listener.endpoint.port}`)
    },
    complete() {
      // Being in touch with the first process is all that keeps this one.
      process.disconnect()
    },
  })
  signals.pipe(switchMap(() => server.drain())).subscribe(progress => {
    if (progress.phase === 'done') console.log(`${id}: ${progress.finished} finished, ${progress.aborted} aborted`)
  })
}
