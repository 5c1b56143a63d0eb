import { filter, firstValueFrom, forkJoin, interval, map, take, takeUntil, timer, toArray, type Observable } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { byCloseCode, consume, idleTimeout, packets, reconnect, type SluiceError } from 'sluice'
import { framed, lengthField, lines } from 'sluice/framing'
import { group, pool } from 'sluice/pool'
import { byId, requests } from 'sluice/request'
import { laws, marbles, memory, sameDiagram } from 'sluice/testing'
import {
  binary,
  json,
  text,
  topics,
  webSocket,
  type CloseWith,
  type Message,
  type WebSocketConnection,
  type WebSocketEvent,
} from 'sluice/websocket'

/** What happens in the page: the spec asks for a scene by its name, and gets what it answers. */

type SocketEvent = WebSocketEvent<Message>

/** The events of a stream, in a few words each, and how it has ended. */
function story(stream: Observable<object>): Promise<string[]> {
  return new Promise(resolve => {
    const told: string[] = []
    stream.subscribe({
      next: event => told.push(words(event)),
      error: (error: unknown) => {
        resolve([...told, `error ${(error as SluiceError).code}`])
      },
      complete: () => {
        resolve([...told, 'complete'])
      },
    })
  })
}

function words(event: object): string {
  const { type, packet, reason, code, detail, session, error } = event as Readonly<Record<string, unknown>>
  if (type === 'packet')
    return `packet ${packet instanceof Uint8Array ? `[${String(packet)}]` : JSON.stringify(packet)}`
  if (type === 'open' && session !== 1) return `open ${String(session)}`
  if (type !== 'close') return String(type)
  const because = error === undefined ? [] : [(error as SluiceError).code]
  return ['close', reason, code, ...(detail === '' ? [] : [detail]), ...because].join(' ')
}

/** Does something at each event, and passes it. */
function reacting<E extends object>(react: (event: E) => void): (source: Observable<E>) => Observable<E> {
  return map(event => {
    react(event)
    return event
  })
}

/** Says a text and bytes, and closes when both have come back. */
export function echo(url: string): Promise<string[]> {
  let back = 0
  return story(
    webSocket.connect({ url, protocols: ['none', 'chat'] }).pipe(
      reacting(event => {
        if (event.type === 'open') {
          event.connection.send(`grüße, ${event.connection.protocol}`)
          event.connection.send(Uint8Array.of(1, 2, 3))
          event.connection.send('')
        } else if (event.type === 'packet' && (back += 1) === 3) event.connection.close()
      }),
    ),
  )
}

/** Frames large and small, over binary messages. */
export async function framing(url: string): Promise<number[]> {
  const sizes = [0, 1, 100, 70_000, 300_000]
  return firstValueFrom(
    webSocket.connect(url).pipe(
      binary(),
      framed(lengthField()),
      reacting(event => {
        if (event.type === 'open') for (const size of sizes) event.connection.send(new Uint8Array(size).fill(7))
      }),
      packets(),
      filter(packet => packet.every(byte => byte === 7)),
      map(packet => packet.length),
      take(sizes.length),
      toArray(),
    ),
  )
}

/** Comes back until it is told that it is enough. */
export function comeBack(url: string): Promise<string[]> {
  return story(
    webSocket.connect(url).pipe(
      text(),
      reconnect(Array<number>(500).fill(20), { classify: byCloseCode({ 4000: 'stop' }) }),
      filter(event => event.type === 'open' || (event.type === 'close' && event.code !== 1006)),
    ),
  )
}

export function refused(url: string): Promise<string[]> {
  return story(webSocket.connect({ url, WebSocket }))
}

/** Listens until the end, whatever it is. */
export function listen(url: string): Promise<string[]> {
  return story(webSocket.connect(url))
}

/** Ends as it is told to, once it is open. */
export function leave(
  url: string,
  how: CloseWith | 'close' | 'destroy' | 'shutdown' | 'unsubscribe',
): Promise<string[]> {
  const opened = webSocket.connect(url).pipe(
    reacting((event: SocketEvent) => {
      if (event.type !== 'open') return
      const { connection } = event
      if (how === 'destroy') connection.destroy()
      else if (how === 'close') connection.close()
      else if (how === 'shutdown') connection.close('shutdown')
      else if (how !== 'unsubscribe') connection.close(how)
    }),
  )
  return story(how === 'unsubscribe' ? opened.pipe(take(2)) : opened)
}

/** Is paused until so many bytes have come. */
export function pause(url: string, bytes: number): Promise<string[]> {
  const resume = (connection: WebSocketConnection<Message>) => {
    const held = connection.pause()
    const all = interval(1).pipe(filter(() => connection.bytesRead >= bytes))
    all.pipe(take(1)).subscribe(() => {
      held.unsubscribe()
    })
  }
  return story(
    webSocket.connect(url).pipe(
      reacting(event => {
        if (event.type === 'open') resume(event.connection)
      }),
    ),
  )
}

/** Is paused for good. */
export function overflow(url: string, maxHeld: number): Promise<string[]> {
  return story(
    webSocket.connect({ url, maxHeld }).pipe(
      reacting(event => {
        if (event.type === 'open') event.connection.pause()
      }),
    ),
  )
}

/** Sends more than there is room for, and closes at the drain. */
export function drain(url: string): Promise<string[]> {
  const answers: string[] = []
  return story(
    webSocket.connect(url).pipe(
      reacting(event => {
        if (event.type === 'open') answers.push(`${event.connection.send(new Uint8Array(1024 * 1024))}`)
        if (event.type === 'drain') {
          answers.push(`${event.connection.bufferedAmount <= 16_384}`)
          event.connection.close()
        }
      }),
    ),
  ).then(told => [...told, ...answers])
}

/** An idle connection is ended. */
export function idle(url: string): Promise<string[]> {
  return story(webSocket.connect(url).pipe(idleTimeout(50)))
}

/** Each message is handled slowly, one at a time. */
export function slowly(url: string): Promise<unknown[]> {
  return firstValueFrom(
    webSocket.connect(url).pipe(
      json<number>(),
      consume(packet => timer(2).pipe(map(() => packet * 2)), { concurrency: 1, prefetch: 2 }),
      packets(),
      take(10),
      toArray(),
    ),
  )
}

/** Two connections as one, to which one message is broadcast. */
export async function together(url: string): Promise<string[]> {
  const two = pool(webSocket.connect(url).pipe(text(), reconnect([10])), { size: 2 })
  const room = group(two)
  const heard: string[] = []
  const over = room.pipe(filter(event => event.type === 'packet')).pipe(take(2))
  room.subscribe(event => {
    if (event.type === 'packet') heard.push(event.packet)
    if (event.type === 'open' && room.connections.length === 2) room.broadcast('to all')
  })
  await firstValueFrom(over.pipe(toArray()))
  return heard
}

/** Asks, and gets each answer by its number. */
export function ask(url: string): Promise<unknown> {
  interface Call {
    readonly id?: number
    readonly question?: string
    readonly answer?: string
  }
  const calls = requests(
    webSocket.connect(url).pipe(json<Call>()),
    byId<Call>({ put: (call, id) => ({ ...call, id }), get: call => call.id }),
  )
  return firstValueFrom(
    forkJoin(['one', 'two', 'three'].map(question => calls.ask({ question }).pipe(map(({ answer }) => answer)))),
  )
}

/** Topics with refs. */
export function topical(url: string): Promise<unknown[]> {
  interface Said {
    readonly topic: string
    readonly ref?: number
  }
  const shared = topics(webSocket.connect(url).pipe(json<Said>()), {
    subscribe: (topic, ref) => ({ topic, ref }),
    topicOf: ({ topic }) => topic,
    refOf: ({ ref }) => ref,
  })
  return firstValueFrom(shared.topic('a').pipe(takeUntil(shared.topic('b')), toArray()))
}

/** The laws, over a network in memory: those that are broken. */
export async function lawful(): Promise<readonly [held: number, broken: string[]]> {
  const net = memory()
  const broken: string[] = []
  for (const { law, name, run } of laws) {
    try {
      await run({
        listen: options => net.listen({ port: 0, ...options }),
        connect: ({ port = 0 }, options) => net.connect({ port, ...options }),
        open: () => net.open,
        flood: 4 * 1024 * 1024,
      })
    } catch (thrown) {
      broken.push(`${law} ${name}: ${String(thrown)}`)
    }
  }
  return [laws.length - broken.length, broken]
}

/** A diagram that is as drawn, and what one says that is not. */
export function diagrams(): string {
  const play = (expected: string) => {
    new TestScheduler(sameDiagram).run(helpers => {
      const { cold, expectEvents } = marbles(helpers)
      expectEvents(cold('-o-(x#)').pipe(reconnect([4, 4])), '^-------------!').toBe(expected)
    })
  }
  play('-o-(xr)-o-(xr)')
  try {
    play('-o-(xr)--o-(xr)')
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? ''
  }
  return 'no failure'
}

/** A codec, over what the page has made up. */
export async function codecs(): Promise<string[]> {
  const net = memory()
  net
    .listen({ port: 1 })
    .pipe(framed(lines()))
    .subscribe(event => {
      if (event.type === 'packet') event.connection.send(event.packet.toUpperCase())
    })
  return firstValueFrom(
    net.connect({ port: 1 }).pipe(
      framed(lines()),
      reacting(event => {
        if (event.type === 'open') for (const line of ['one', 'two']) event.connection.send(line)
      }),
      packets(),
      take(2),
      toArray(),
    ),
  )
}
