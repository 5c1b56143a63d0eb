/**
 * A chat over WebSockets: whoever has a name is let in, and what one says all are told. Curious browsers get a page.
 *
 * `node build/examples/websocket-chat-server.js 8080`
 */
import { createServer } from 'node:http'
import { group } from 'sluice/pool'
import { json, webSocket } from 'sluice/websocket'

const [port = '8080'] = process.argv.slice(2)

const server = createServer((_, response) => response.end('The chat is at /chat?name=…\n'))

const room = group(
  webSocket
    .listen({
      server,
      pathname: '/chat',
      negotiate({ url = '' }) {
        const name = new URL(url, 'http://localhost').searchParams.get('name')
        return name === null ? { accept: false, status: 401, body: 'who are you?\n' } : { accept: true, context: name }
      },
    })
    .pipe(json<{ says: string }, { who: string; says: string }>()),
)

room.subscribe(event => {
  if (event.type === 'listening') console.log(`listening on port ${event.listener.endpoint.port}`)
  if (event.type === 'packet') room.broadcast({ who: event.connection.context, says: event.packet.says })
})

server.listen(Number(port), 'localhost')
