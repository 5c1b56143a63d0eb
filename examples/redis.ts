/**
 * Speaks RESP, the protocol of Redis, over four connections that come back: the commands of a batch are asked all at once, and printed is what
 * each was answered; then comes the next batch.
 *
 * `node build/examples/redis.js 6379 'SET greeting hello; SET count 7' 'GET greeting; INCR count; KEYS *'`
 */
import { catchError, concatMap, forkJoin, from, map, of, repeat, toArray, type Observable } from 'rxjs'
import { exponential, perConnection, reconnect } from 'sluice'
import { reader, type Reader } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { pool } from 'sluice/pool'
import { inOrder, requests } from 'sluice/request'

type Reply = string | number | null | Error | readonly Reply[]

const utf8 = new TextDecoder()

/** Reads one reply. Its first line says of what kind it is and, of those that go on, how long. */
function reply(input: Reader): Observable<Reply> {
  return input.until('\r\n').pipe(
    map(bytes => utf8.decode(bytes)),
    concatMap(line => {
      const [kind, rest] = [line[0], line.slice(1)]
      if (kind === '+') return of(rest)
      if (kind === '-') return of(new Error(rest))
      if (kind === ':') return of(Number(rest))
      if (rest === '-1') return of(null)
      if (kind === '$') return input.exactly(Number(rest) + 2).pipe(map(bytes => utf8.decode(bytes.subarray(0, -2))))
      if (kind === '*') return reply(input).pipe(repeat(Number(rest)), toArray<Reply>())
      throw new Error(`not a reply of RESP: ${line}`)
    }),
  )
}

/** All replies of one connection, one after the other. */
function replies(bytes: Observable<Uint8Array>): Observable<Reply> {
  return reply(reader(bytes)).pipe(repeat())
}

/** A command is a list of words, each with its length in bytes. */
function command(line: string): Uint8Array {
  const words = line.split(' ').map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  return Buffer.from(`*${words.length}\r\n${words.join('')}`)
}

const [port = '6379', ...batches] = process.argv.slice(2)
const client = tcp
  .connect({ host: 'localhost', port: Number(port) })
  .pipe(perConnection(replies), reconnect(exponential()))
const redis = requests(pool(client, { size: 4 }), inOrder())

function ask(line: string): Observable<unknown> {
  return redis.ask(command(line)).pipe(catchError((error: unknown) => of((error as Error).message)))
}

from(batches)
  .pipe(concatMap(batch => forkJoin(batch.split('; ').map(ask))))
  .subscribe(answers => answers.forEach(answer => console.log(answer)))
