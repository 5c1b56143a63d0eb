// Dials a port again and again, keeps what opens, and says how each dial has ended. On a line of its input it lets go of all, and dials again.

import { once } from 'node:events'
import { Subscription } from 'rxjs'
import { tcp } from 'sluice/net'

const [port, count] = process.argv.slice(2).map(Number)

function dial(): Promise<string> {
  return new Promise(tell => {
    const subscription = tcp.connect({ host: '127.0.0.1', port: port ?? 0 }).subscribe({
      next(event) {
        if (event.type === 'open') tell('open')
      },
      error(error: unknown) {
        tell(String((error as NodeJS.ErrnoException).code))
      },
    })
    held.add(subscription)
  })
}

let held = new Subscription()
process.stdin.resume()
for (;;) {
  const ends: string[] = []
  for (let dialled = 0; dialled < (count ?? 0); dialled += 1) ends.push(await dial())
  process.stdout.write(`${JSON.stringify({ ends })}\n`)
  await once(process.stdin, 'data')
  held.unsubscribe()
  held = new Subscription()
}
