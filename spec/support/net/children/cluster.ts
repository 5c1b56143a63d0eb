// Servers with limits in so many workers of a cluster, on one port. The first process tells the port, and on each line of its input what
// the workers have counted.

import cluster from 'node:cluster'
import { once } from 'node:events'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { serve } from 'sluice/server'

const [count = '1', options = '{}'] = process.argv.slice(2)

if (cluster.isPrimary) {
  const workers = Array.from({ length: Number(count) }, () => cluster.fork())
  const [message] = (await Promise.all(workers.map(worker => once(worker, 'message'))))[0] as [object]
  console.log(JSON.stringify(message))
  process.stdin.on('data', () => {
    const answers = workers.map(async worker => {
      worker.send('?')
      const [info] = (await once(worker, 'message')) as [object]
      return info
    })
    void Promise.all(answers).then(infos => {
      console.log(JSON.stringify({ infos }))
    })
  })
  process.stdin.once('end', () => {
    for (const worker of workers) worker.process.kill('SIGKILL')
    process.exit()
  })
} else {
  const server = serve(
    tcp.listen({ host: '127.0.0.1', port: 0 }).pipe(framed(lines())),
    packets => packets,
    JSON.parse(options) as object,
  )
  server.subscribe(event => {
    if (event.type === 'listening' && server.info().accepted === 0)
      process.send?.({ port: event.listener.endpoint.port })
  })
  process.on('message', () => {
    const suspended = server.listeners.some(listener => listener.suspended)
    process.send?.({ ...server.info(), suspended })
  })
}
