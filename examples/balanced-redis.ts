/**
 * Counts visits on several Redis servers, two connections to each, always where the least is in flight. One of them may stop and come back meanwhile.
 *
 * `node build/examples/balanced-redis.js 6379 6380`
 */
import { catchError, fromEvent, interval, map, mergeMap, of, takeUntil } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { pool } from 'sluice/pool'
import { inOrder, requests } from 'sluice/request'

interface Server {
  readonly host: string
  readonly port: number
}

const endpoints = process.argv.slice(2).map((port): Server => ({ host: '127.0.0.1', port: Number(port) }))

/** One connection that comes back. The replies that are needed here are of one line each. */
function client({ host, port }: Server) {
  return tcp.connect({ host, port }).pipe(framed(lines()), reconnect(exponential({ cap: 1_000 })))
}

const servers = pool(client, { endpoints, size: 2 })
const redis = requests(servers, inOrder())
const counts = { answered: 0, lost: 0 }

redis.pipe(takeUntil(fromEvent(process, 'SIGINT'))).subscribe({
  next(event) {
    if (event.type === 'open') console.log(`${event.connection.member.id} open, session ${event.connection.session}`)
    if (event.type === 'close') console.log(`${event.connection.member.id} closed`)
  },
  complete: () => console.log('left'),
})

interval(2)
  .pipe(
    mergeMap(() =>
      redis.ask('INCR visits').pipe(
        map(() => 'answered' as const),
        catchError(() => of('lost' as const)),
      ),
    ),
    takeUntil(fromEvent(process, 'SIGINT')),
  )
  .subscribe(outcome => {
    counts[outcome] += 1
    if (counts.answered % 100 === 0) console.log(`${counts.answered} answered, ${counts.lost} lost`)
  })
