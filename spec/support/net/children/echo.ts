// An echo server in a process of its own: tells where it listens, and on each line of its input what its listener has counted.

import { once } from 'node:events'
import type { Listener } from 'sluice'
import { tcp } from 'sluice/net'

const [path] = process.argv.slice(2)
const say = (what: object): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

let listener: Listener | undefined
let open = 0
tcp.listen(path === undefined ? { host: '127.0.0.1', port: 0 } : { path }).subscribe({
  next(event) {
    if (event.type === 'packet') event.connection.send(event.packet)
    else if (event.type === 'open') open += 1
    else if (event.type === 'close') open -= 1
    else if (event.type === 'listening') {
      listener = event.listener
      say({ endpoint: listener.endpoint })
    }
  },
  error(error: unknown) {
    say({ code: (error as NodeJS.ErrnoException).code })
  },
})

process.stdin.on('data', () => {
  if (listener === undefined) return
  say({ open, accepted: listener.accepted })
})
await once(process.stdin, 'end')
process.exit()
