/**
 * Sends the lines of its standard input, as fast as the server takes them, and prints those that come back. It ends when the server has
 * answered all of them and closes.
 *
 * `printf 'one\ntwo\n' | node build/examples/line-client.js 4000`, with the echo server for a server.
 */
import { createInterface } from 'node:readline'
import { packets, sendAll } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

const [port = '4000'] = process.argv.slice(2)

tcp
  .connect({ host: 'localhost', port: Number(port) })
  .pipe(
    framed(lines()),
    sendAll(() => createInterface({ input: process.stdin }), { end: 'end' }),
    packets(),
  )
  .subscribe({
    next: line => console.log(line),
    error: (error: unknown) => console.error(String(error)),
  })
