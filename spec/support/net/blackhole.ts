import { once } from 'node:events'
import { connect } from 'node:net'
import { Worker } from 'node:worker_threads'
import { later } from './closing.js'

const listenAndNeverAccept = `
  const { createServer } = require('node:net')
  const { parentPort } = require('node:worker_threads')
  const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port)
    parentPort.once('message', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0))
  })`

/**
 * A port of this machine that answers nothing to those who dial it: its thread sleeps, and the system's queue of those that wait to be
 * accepted is full.
 */
export async function blackhole(): Promise<number> {
  const worker = new Worker(listenAndNeverAccept, { eval: true })
  later(() => worker.terminate())
  const [port] = (await once(worker, 'message')) as [number]
  worker.postMessage('sleep')
  for (let waiting = 0; waiting < 2; waiting += 1) {
    const socket = connect({ port, host: '127.0.0.1' })
    later(() => socket.destroy())
    await once(socket, 'connect')
  }
  return port
}
