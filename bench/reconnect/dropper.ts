// A server that drops its client, again and again, and takes the time until that is open again and says so.

import { createServer, type Socket } from 'node:net'
import { listening } from '../net/echo-servers.js'

let client: Socket | undefined
let dropped = 0
let times: number[] | undefined

export function start(): Promise<number> {
  return listening(
    createServer({ noDelay: true }, socket => {
      socket.on('data', () => {
        client = socket
        if (times === undefined) return
        times.push(performance.now() - dropped)
        drop()
      })
      socket.on('error', () => undefined)
    }),
  )
}

/** Drops for so many milliseconds; answers the times in between, in milliseconds. */
export function measure(ms: number): Promise<readonly number[]> {
  const measured: number[] = []
  times = measured
  drop()
  return new Promise(resolve => {
    setTimeout(() => {
      times = undefined
      resolve(measured)
    }, ms)
  })
}

function drop(): void {
  dropped = performance.now()
  client?.end()
}
