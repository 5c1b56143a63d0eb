import { expect } from 'chai'
import fc from 'fast-check'
import { TestScheduler } from 'rxjs/testing'
import { Subject, takeUntil, tap, timer } from 'rxjs'
import { consume, exponential, reconnect, seeded, sendAll, type ConnectionEvent } from 'sluice'
import { memory, sameDiagram } from 'sluice/testing'
import { check } from '../support/property.js'

const faults = fc.record({
  at: fc.integer({ min: 1, max: 20_000 }),
  what: fc.constantFrom('cut', 'heal', 'reset', 'kill', 'silent', 'revive', 'destroy', 'end'),
})

/** At which event the client leaves, for some. */
const leaving = fc.option(
  fc.record({
    type: fc.constantFrom<ConnectionEvent['type']>('connecting', 'open', 'packet', 'drain', 'end', 'close', 'retry'),
    nth: fc.integer({ min: 1, max: 2 }),
  }),
)
type Leaving = typeof leaving extends fc.Arbitrary<infer T> ? T : never

describe('A client for life', () => {
  it('tells lives that are whole, one after the other, whatever the network does, and leaves nothing behind', () => {
    const leftAt = new Set<string | undefined>()
    check(
      fc.property(fc.array(faults, { maxLength: 12 }), fc.nat(), leaving, (what, seed, leave) => {
        const { lives, open, last, afterwards } = live(what, seed, leave)
        leftAt.add(last)
        expect(afterwards).to.equal(0)
        lives.forEach(({ types, session }, index) => {
          const life = types.join(' ')
          expect(life).to.match(/^connecting( open( (packet|drain))*( end)?( drain)*)?( close)?$/)
          if (index < lives.length - 1) expect(life).to.match(/close$/)
          if (session !== undefined) expect(session).to.equal(sessionsBefore(lives, index) + 1)
        })
        expect(open).to.equal(0)
      }),
      300,
    )
    expect(leftAt).to.include.all.keys('connecting', 'open', 'packet', 'drain', 'end', 'close', 'retry')
  })
})

interface Life {
  readonly id: string
  readonly types: string[]
  session: number | undefined
}

function sessionsBefore(lives: readonly Life[], index: number): number {
  return lives.slice(0, index).filter(({ session }) => session !== undefined).length
}

/** What a client sees in 30 seconds with these faults, and how much is left of the network when client and server are gone. */
function live(faults: readonly { readonly at: number; readonly what: string }[], seed: number, leave: Leaving) {
  const random = seeded(seed)
  const net = memory({ latency: 3, jitter: 5, chunk: 2, window: 4, random })
  const lives: Life[] = []
  const left = new Subject<void>()
  let last: string | undefined
  let met = 0
  let afterwards = 0
  const scheduler = new TestScheduler(sameDiagram)
  scheduler.run(({ flush }) => {
    const serve = () =>
      net
        .host('server')
        .listen({ port: 1, closeTimeout: 1_000 })
        .pipe(
          sendAll(() => ['ab', 'cd', 'ef'].map(text => new TextEncoder().encode(text))),
          consume((packet, connection) => timer(2).pipe(tap(() => connection.send(packet)))),
        )
        .subscribe({ error: () => undefined })
    let server = serve()

    const see = (event: ConnectionEvent<unknown>): void => {
      if (last !== undefined) afterwards += 1
      if (event.type === leave?.type && ++met === leave.nth) {
        last = event.type
        left.next()
      }
      if (event.type === 'retry' || event.type === 'listening') return
      const { id } = event.connection
      let life = lives.at(-1)
      if (life?.id !== id) lives.push((life = { id, types: [], session: undefined }))
      life.types.push(event.type)
      if (event.type === 'open') {
        life.session = event.session
        event.connection.send(new TextEncoder().encode('hello'))
      }
      if (event.type !== 'close') latest = event.connection
    }
    let latest: { destroy(error: Error): void; end(): void } | undefined
    const client = net
      .host('client')
      .connect({ host: 'server', port: 1, closeTimeout: 1_000, highWaterMark: 1 })
      .pipe(
        consume(() => timer(1)),
        reconnect(exponential({ random }), { stableAfter: 1_000 }),
        takeUntil(left),
      )
      .subscribe({ next: see, error: () => undefined })

    const act: Record<string, () => void> = {
      cut: () => {
        net.cut('client', 'server')
      },
      heal: () => {
        net.heal('client', 'server')
      },
      reset: () => {
        net.reset('client', 'server')
      },
      kill: () => {
        net.kill('server')
      },
      silent: () => {
        net.kill('server', { silent: true })
      },
      revive: () => {
        if (server.closed) server = serve()
      },
      destroy: () => latest?.destroy(new Error('enough')),
      end: () => latest?.end(),
    }
    for (const { at, what } of faults) scheduler.schedule(() => act[what]?.(), at)
    scheduler.schedule(() => {
      net.heal('client', 'server')
      client.unsubscribe()
      server.unsubscribe()
    }, 30_000)
    flush()
  })
  return { lives, open: net.open, last, afterwards }
}
