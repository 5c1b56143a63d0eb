/**
 * Counts visits on several Redis servers, two connections to each, always where the least is in flight. One of them may stop and come back meanwhile.
 *
 * `node build/examples/balanced-redis.js 6379 6380`
 */
import { catchError, fromEvent, interval, mergeMap, of, takeUntil } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { pool } from 'sluice/pool'
import { inOrder, requests } from 'sluice/request'

const endpoints = process.argv.slice(2).map(port => ({ host: '127.0.0.1', port: Number(port) }))
const interrupted = fromEvent(process, 'SIGINT')

/** One connection that comes back. The replies that are needed here are of one line each. */
const client = (server: (typeof endpoints)[number]) =>
  tcp.connect(server).pipe(framed(lines()), reconnect(exponential({ cap: 1_000 })))

const redis = requests(pool(client, { endpoints, size: 2 }), inOrder())

redis.pipe(takeUntil(interrupted)).subscribe({
  next(event) {
    if (event.type === 'open') console.log(`${event.connection.member.id} open, session ${event.connection.session}`)
    if (event.type === 'close') console.log(`${event.connection.member.id} closed`)
  },
  complete: () => console.log('left'),
})

let [answered, lost] = [0, 0]
interval(2)
  .pipe(
    mergeMap(() => redis.ask('INCR visits').pipe(catchError(() => of(undefined)))),
    takeUntil(interrupted),
  )
  .subscribe(reply => {
    if (reply === undefined) lost += 1
    else answered += 1
    if (answered % 100 === 0) console.log(`${answered} answered, ${lost} lost`)
  })
