// A server of several processes, which deal out who comes among them. What they use is the sum of all.

import cluster from 'node:cluster'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const workers = () => Object.values(cluster.workers ?? {}).flatMap(worker => worker ?? [])

/** Starts so many, and answers the port that they share. */
export async function start(count: number): Promise<number> {
  cluster.setupPrimary({ exec: fileURLToPath(new URL('worker.js', import.meta.url)) })
  let port = 0
  for (let forked = 0; forked < count; forked += 1) {
    const [message] = (await once(cluster.fork(), 'message')) as [{ readonly port: number }]
    port = message.port
  }
  return port
}

/** Milliseconds of all processors. */
export async function cpu(): Promise<number> {
  const used = await Promise.all(
    workers().map(async worker => {
      const answer = once(worker, 'message')
      worker.send('?')
      const [message] = (await answer) as [{ readonly cpu: number }]
      return message.cpu
    }),
  )
  return used.reduce((sum, one) => sum + one, 0)
}
