import { expect } from 'chai'
import { defer, NEVER, Subject, takeUntil, throwError, timer, type Observable } from 'rxjs'
import type { Connection, ConnectionEvent } from 'sluice'
import { pool } from 'sluice/pool'
import { byId, inOrder, requests, respond, type Correlation } from 'sluice/request'
import { serve } from 'sluice/server'
import { memory, recordingConnection } from 'sluice/testing'
import { codeOf } from './support/byte-wire.js'
import { diary } from './support/diary.js'

type Events = ConnectionEvent<string, Connection<string>>

const clientsOf = (size = 1) => {
  const net = memory()
  net.listen({ port: 1 }).subscribe()
  return pool(net.connect({ port: 1 }), { size })
}

/** Connections that are open, and what tells of them. */
function opened(count: number) {
  const events = new Subject<Events>()
  const connections = Array.from({ length: count }, () => recordingConnection<string>())
  const open = (): void => {
    for (const connection of connections) events.next({ type: 'open', connection, session: 1 })
  }
  return { events, connections, open }
}

describe('By default', () => {
  describe('a pool', () => {
    it('leases 16 connections, or as many as its size, and lets twice as many wait', () => {
      for (const [size, max] of [
        [1, 16],
        [20, 20],
      ] as const) {
        diary(() => {
          const clients = clientsOf(size)
          const codes: unknown[] = []
          let had = 0
          for (let asked = 0; asked <= 3 * max; asked += 1)
            clients.lease().subscribe({ next: () => (had += 1), error: (error: unknown) => codes.push(codeOf(error)) })
          expect([had, codes]).to.deep.equal([max, ['ERR_POOL_FULL']])
        })
      }
    })

    it('keeps a connection too many for 60 s, and at most a quarter longer', () => {
      const told = diary(({ watch, write }) => {
        const clients = clientsOf()
        watch(clients, 100_000, ({ type }) => {
          if (type === 'close') write(type)
        })
        const leases: { release(): void }[] = []
        for (let asked = 0; asked < 2; asked += 1) clients.lease().subscribe(lease => leases.push(lease))
        for (const lease of leases) lease.release()
      })
      expect(told).to.deep.equal(['75000 close'])
    })

    it('tries an endpoint that fails again after at most 100 ms, then 200, and up to 10 s', () => {
      const dials: number[] = []
      diary(({ scheduler, at }) => {
        const refused = defer(() => {
          dials.push(scheduler.now())
          return throwError(() => new Error('refused'))
        }) as Observable<Events>
        const clients = pool(refused, { size: 1, waitTimeout: Infinity, random: () => 1 - Number.EPSILON })
        const subscription = clients.lease().subscribe()
        at(60_000, () => {
          subscription.unsubscribe()
        })
      })
      const waits = dials.slice(1).map((dial, index) => Math.round(dial - Number(dials[index])))
      expect(waits).to.deep.equal([100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000])
    })

    it('waits for 5 s when it is closed', () => {
      const told = diary(({ write }) => {
        const clients = clientsOf()
        clients.lease().subscribe({
          complete: () => {
            write('lost')
          },
        })
        clients.close()
      })
      expect(told).to.deep.equal(['5000 lost'])
    })
  })

  it('a requester has 1 024 in flight on a connection, and lets as many wait', () => {
    diary(() => {
      const { events, connections, open } = opened(1)
      const requester = requests(events, inOrder<string>())
      const subscription = requester.subscribe()
      open()
      const codes: unknown[] = []
      for (let asked = 0; asked < 2_049; asked += 1)
        requester.ask('a').subscribe({ error: (error: unknown) => codes.push(codeOf(error)) })
      expect([connections[0]?.sent.length, requester.waiting]).to.deep.equal([1_024, 1_024])
      expect(codes).to.deep.equal(['ERR_REQUEST_OVERFLOW'])
      subscription.unsubscribe()
    })
  })

  it('sixteen requests of a connection are handled at once, and one at a time where they are answered in order', () => {
    const begun = (correlation: Correlation<string, string>): number => {
      const { events, connections } = opened(1)
      let count = 0
      const handler = () => {
        count += 1
        return NEVER
      }
      events.pipe(respond(correlation, handler)).subscribe()
      for (const connection of connections)
        for (let id = 1; id <= 20; id += 1) events.next({ type: 'packet', connection, packet: String(id) })
      return count
    }
    expect(begun(byId<string>({ put: packet => packet, get: Number }))).to.equal(16)
    expect(begun(inOrder())).to.equal(1)
  })

  describe('a server', () => {
    it('is drained by 10 000 connections at a time', () => {
      diary(() => {
        const { events, connections, open } = opened(10_001)
        const server = serve<Events>(events)
        const subscription = server.subscribe()
        open()
        void server.drain()
        expect(connections.filter(({ state }) => state === 'closing')).to.have.length(10_000)
        subscription.unsubscribe()
      })
    })

    it('tells what it has counted at most once a second', () => {
      const told = diary(({ watch, write, at }) => {
        const { events, open } = opened(1)
        const server = serve<Events>(events)
        watch(server, 3_000, () => undefined)
        const infos = server.infos().pipe(takeUntil(timer(2_500)))
        infos.subscribe(({ active }) => {
          write(String(active))
        })
        at(10, open)
      })
      expect(told).to.deep.equal(['0 0', '1000 1'])
    })
  })
})
