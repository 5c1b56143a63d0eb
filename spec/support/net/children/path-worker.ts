// Binds a path in a worker thread and says so; then, if it is to stall, it never turns to its event loop again and accepts nobody.

import { parentPort, workerData } from 'node:worker_threads'
import { tcp, type PathPlace } from 'sluice/net'

const { stalls, ...place } = workerData as PathPlace & { readonly stalls: boolean }

tcp.listen(place).subscribe(({ type }) => {
  if (type !== 'listening') return
  parentPort?.postMessage(type)
  if (stalls) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
})
