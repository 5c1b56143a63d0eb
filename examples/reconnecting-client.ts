/**
 * A client for life: prints the lines of a server, and dials again whenever the connection is lost. Ctrl-C ends it.
 *
 * Start it, then a server for it, stop that and start it again: `node build/examples/reconnecting-client.js 4000`, `nc -l 4000`.
 */
import { fromEvent, takeUntil } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

const [port = '4000'] = process.argv.slice(2)

tcp
  .connect({ host: 'localhost', port: Number(port) })
  .pipe(framed(lines()), reconnect(exponential({ cap: 5_000 })), takeUntil(fromEvent(process, 'SIGINT')))
  .subscribe({
    next(event) {
      if (event.type === 'open') console.log(`session ${event.session}`)
      if (event.type === 'packet') console.log(event.packet)
      if (event.type === 'close') console.log(`lost: ${event.error?.message ?? event.reason}`)
      if (event.type === 'retry') console.log(`attempt ${event.attempt} in ${event.delay} ms`)
    },
    complete: () => console.log('left'),
  })
