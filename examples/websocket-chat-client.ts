/**
 * Chats as somebody: sends each line of its input, prints what is said, and comes back when the server does.
 *
 * `node build/examples/websocket-chat-client.js 8080 ada`
 */
import { createInterface } from 'node:readline'
import { exponential, heartbeat, reconnect, type Connection } from 'sluice'
import { HandshakeRefusedError, json, pings, webSocket } from 'sluice/websocket'

const [port = '8080', name = ''] = process.argv.slice(2)

const lines = createInterface({ input: process.stdin })
let connection: Connection<{ says: string }> | undefined

const chat = webSocket
  .connect(`ws://localhost:${port}/chat${name === '' ? '' : `?name=${encodeURIComponent(name)}`}`)
  .pipe(heartbeat(pings), json<{ who: string; says: string }, { says: string }>(), reconnect(exponential()))
  .subscribe({
    next(event) {
      if (event.type === 'open') connection = event.connection
      if (event.type === 'open') console.log(`session ${event.session}`)
      if (event.type === 'packet') console.log(`${event.packet.who}: ${event.packet.says}`)
    },
    error(error: unknown) {
      if (error instanceof HandshakeRefusedError) console.log(`refused with ${error.status}: ${error.body.trim()}`)
      lines.close()
    },
  })

lines.on('line', says => connection?.send({ says }))
lines.on('close', () => {
  chat.unsubscribe()
})
