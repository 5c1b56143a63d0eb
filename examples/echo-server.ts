/**
 * Sends back every line that it gets.
 *
 * Start it, and talk to it: `node build/examples/echo-server.js 4000`, `nc localhost 4000`.
 */
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

const [port = '4000'] = process.argv.slice(2)

tcp
  .listen({ host: 'localhost', port: Number(port) })
  .pipe(framed(lines()))
  .subscribe(event => {
    if (event.type === 'listening') console.log(`listening on port ${event.listener.endpoint.port}`)
    if (event.type === 'open') console.log(`open: port ${event.connection.remote?.port}`)
    if (event.type === 'packet') event.connection.send(event.packet)
    if (event.type === 'close') console.log(`close: port ${event.connection.remote?.port}, ${event.reason}`)
  })
