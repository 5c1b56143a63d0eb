// An echo server in a process of its own: tells where it listens, and on each line of its input what its listener has counted, and whether
// it can still open files.

import { closeSync, openSync } from 'node:fs'
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
    say({ code: codeOf(error) })
  },
})

process.stdin.on('data', () => {
  if (listener === undefined) return
  const { accepted, shed, failures, lastFailure } = listener
  say({ open, accepted, shed, failures, code: codeOf(lastFailure), opens: opens() })
})
await once(process.stdin, 'end')
process.exit()

/** Whether three files can be open at once, or why not. */
function opens(): unknown {
  const files: number[] = []
  try {
    for (let count = 0; count < 3; count += 1) files.push(openSync(process.execPath, 'r'))
    return true
  } catch (thrown) {
    return codeOf(thrown)
  } finally {
    files.forEach(closeSync)
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}
