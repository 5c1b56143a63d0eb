/**
 * The tour: a line server and three clients for life, on real sockets. While lines flow, the server resets a connection, is stopped and
 * started again, and a client's cable is pulled. What happens is drawn as marble diagrams; in the end every line has been answered.
 *
 *     npm start                 sends a poem
 *     npm start -- FILE         sends a file's lines
 *     some-program | npm start  sends what is piped in
 */
import { EMPTY, Subject, catchError, defer, distinctUntilChanged, interval, map, merge, repeat, switchMap } from 'rxjs'
import { take, takeUntil, takeWhile, tap, timeout } from 'rxjs'
import type { Connection } from 'sluice'
import { input } from './input.js'
import { lineClient } from './line-client.js'
import { lineServer } from './line-server.js'
import { misfortunes } from './misfortunes.js'
import { Outbox } from './outbox.js'
import { LEGEND, Score } from './score.js'
import { tally } from './tally.js'

const CLIENTS = 3
// In milliseconds: a column of the drawing, the server's outage, how long a short text takes, how long no answer is waited for.
const FRAME = 25
const OUTAGE = 600
const LENGTH = 4_000
const PATIENCE = 15_000

const file = process.argv[2]
const lines = await input(file).catch((error: unknown) => {
  console.error(`The tour can't read ${file ?? 'its input'}: ${error instanceof Error ? error.message : String(error)}`)
  process.exit(1)
})
const outboxes = Array.from({ length: CLIENTS }, () => new Outbox(lines))
const all = lines.length * CLIENTS
const answered = (): number => tally(outboxes).answered
const say = (line: string): void => {
  console.log(line)
}

const score = new Score(say, FRAME, 96)
const stop = new Subject<void>()
let port = 0
let served: Connection<string> | undefined
let reconnected = 0
let retries = 0

const goWrong = misfortunes(
  [
    { after: 0.2, note: 'the server resets a connection', happen: () => served?.destroy() },
    { after: 0.45, note: `the server stops for ${OUTAGE} ms`, happen: () => { stop.next() } }, // prettier-ignore
    { after: 0.75, note: 'the cable of client 1 is pulled', happen: () => outboxes[0]?.cut() },
  ],
  note => { score.note(note) }, // prettier-ignore
)

const bound = new Subject<void>()
const drawServer = score.row('server')
const server = defer(() => lineServer(port).pipe(takeUntil(stop))).pipe(
  tap(event => {
    drawServer(event)
    if (event.type === 'open') served = event.connection
    if (event.type !== 'listening') return
    port = event.listener.endpoint.port ?? 0
    bound.next()
  }),
  repeat({ delay: OUTAGE }),
)

const clients = outboxes.map((outbox, index) => {
  const draw = score.row(`client ${index + 1}`)
  return defer(() => lineClient(port, outbox)).pipe(
    tap(event => {
      draw(event)
      if (event.type === 'open' && event.session > 1) reconnected += 1
      if (event.type === 'retry') retries += 1
      if (event.type === 'packet') goWrong(answered() / all)
    }),
  )
})

const pace = Math.max(10, LENGTH / lines.length)
const feed = interval(pace).pipe(
  tap(() => {
    for (const outbox of outboxes) outbox.send(Math.ceil((lines.length * pace) / LENGTH))
  }),
)

say(`\n ${CLIENTS} clients send ${lines.length} lines each to one server; a column is ${FRAME} ms\n ${LEGEND}\n`)
score.start()
const work = bound.pipe(take(1), switchMap(() => merge(feed, ...clients))) // prettier-ignore
merge(server, work)
  .pipe(
    map(answered),
    distinctUntilChanged(),
    timeout({ each: PATIENCE }),
    takeWhile(count => count < all),
    catchError(() => EMPTY),
  )
  .subscribe({ complete: report })

function report(): void {
  score.finish()
  const { sent, answered, lost, repeated, exitCode } = tally(outboxes)
  say(` ${sent} lines sent, ${answered} answered, ${lost} lost, ${repeated} repeated`)
  say(` ${reconnected} reconnections after ${retries} waits\n`)
  process.exitCode = exitCode
}
