/**
 * Reads a token from a file before each attempt, since it may have been renewed, and sends it first of all. `defer` is all it takes: each
 * time that `reconnect` subscribes, the credentials are fetched and then dialled with; failing to fetch them is a failed attempt.
 *
 * `node build/examples/fresh-credentials.js token.txt 4000`, with `nc -l 4000` to be sent the token: close that, change the file, listen again.
 */
import { readFile } from 'node:fs/promises'
import { defer, switchMap, tap } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

const [file = 'token.txt', port = '4000'] = process.argv.slice(2)

const dial = (token: string) =>
  tcp.connect({ host: 'localhost', port: Number(port) }).pipe(
    framed(lines()),
    tap(event => {
      if (event.type === 'open') event.connection.send(`AUTH ${token.trim()}`)
    }),
  )

defer(() => readFile(file, 'utf8'))
  .pipe(switchMap(dial), reconnect(exponential()))
  .subscribe(event => {
    if (event.type === 'packet') console.log(event.packet)
    if (event.type === 'retry') console.log(`attempt ${event.attempt}: ${reasonOf(event.cause)}`)
  })

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : 'the server has closed'
}
