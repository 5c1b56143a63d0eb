/**
 * Asks a mail server what it can do over TLS, on a connection that begins in clear (RFC 3207). What comes over TLS is marked.
 *
 * `node build/examples/starttls.js smtp.example.org 587`
 */
import type { Connection } from 'sluice'
import { framed, lines, mapCodec } from 'sluice/framing'
import { tcp, upgrade } from 'sluice/net'

const [host = 'localhost', port = '587'] = process.argv.slice(2)

const crlf = mapCodec(
  lines(),
  line => line,
  (line: string) => `${line}\r`,
)

/** What to do at each reply, from the greeting on. */
const steps = [
  (server: Connection<string>) => server.send('EHLO localhost'),
  (server: Connection<string>) => server.send('STARTTLS'),
  (server: Connection<string>) =>
    upgrade(server, { role: 'client' }).subscribe({
      next: () => server.send('EHLO localhost'),
      error: () => {}, // The connection closes with the same error.
    }),
  (server: Connection<string>) => server.send('QUIT'),
]

tcp
  .connect({ host, port: Number(port) })
  .pipe(framed(crlf))
  .subscribe({
    next(event) {
      if (event.type !== 'packet') return
      console.log(event.connection.tls === undefined ? '      ' : event.connection.tls.protocol, event.packet)
      if (/^\d{3} /.test(event.packet)) steps.shift()?.(event.connection)
    },
    error: (error: unknown) => console.error(String(error)),
  })
