import { expect } from 'chai'
import { BehaviorSubject, map, merge, tap, timer } from 'rxjs'
import { constant, reconnect, type Connection } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { leastInFlight, pool } from 'sluice/pool'
import { inOrder, requests, respond } from 'sluice/request'
import { memory } from 'sluice/testing'
import { diary, type Diary } from '../support/diary.js'

describe('A requester over a pool', () => {
  /** Two servers that answer each line after ten milliseconds, and write down what they hear; answers what dials one. */
  const served = ({ write }: Diary) => {
    const net = memory()
    for (const port of [1, 2])
      net
        .listen({ port })
        .pipe(
          framed(lines()),
          respond(
            inOrder(),
            line => {
              write(`${port} hears ${line}`)
              return timer(10).pipe(map(() => `${line}!`))
            },
            { concurrency: 8 },
          ),
        )
        .subscribe()
    return (port: number) => net.connect({ port }).pipe(framed(lines()), reconnect(constant(5)))
  }

  it('asks on the member with the fewest in flight, by its own counter', () => {
    const told = diary(keeper => {
      const client = served(keeper)
      const clients = pool(client(1), { size: 3, select: leastInFlight() })
      const requester = requests(clients, inOrder())
      keeper.watch(requester, 100, () => undefined)
      keeper.at(1, () => {
        for (const line of ['a', 'b', 'c']) requester.ask(line).subscribe(keeper.write)
        expect(clients.connections.map(({ inFlight }) => inFlight)).to.deep.equal([1, 1, 1])
        expect(clients.pick('d')?.inFlight).to.equal(1)
      })
      keeper.at(50, () => {
        expect(clients.connections.map(({ inFlight }) => inFlight)).to.deep.equal([0, 0, 0])
      })
    })
    expect(told.slice(3)).to.deep.equal(['11 a!', '11 b!', '11 c!'])
  })

  it('counts on the member where packets are made of its bytes above the pool, too', () => {
    const told = diary(keeper => {
      const net = memory()
      net
        .listen({ port: 1 })
        .pipe(
          framed(lines()),
          respond(inOrder(), line => timer(10).pipe(map(() => line))),
        )
        .subscribe()
      const clients = pool(net.connect({ port: 1 }), { size: 2 })
      const requester = requests(clients.pipe(framed(lines())), inOrder())
      keeper.watch(requester, 100, () => undefined)
      keeper.at(1, () => {
        for (const line of ['a', 'b']) requester.ask(line).subscribe(keeper.write)
        expect(clients.members.map(({ inFlight }) => inFlight)).to.deep.equal([1, 1])
      })
      keeper.at(50, () => {
        expect(clients.members.map(({ inFlight }) => inFlight)).to.deep.equal([0, 0])
      })
    })
    expect(told).to.deep.equal(['11 a', '11 b'])
  })

  it('asks nothing more of a member that is to go, which goes when it has answered', () => {
    const told = diary(keeper => {
      const client = served(keeper)
      const endpoints = new BehaviorSubject(['1'])
      const clients = pool((port: string) => client(Number(port)), { endpoints, size: 1 })
      const requester = requests(clients, inOrder())
      keeper.watch(requester, 100, event => {
        if (event.type === 'close') keeper.write(`close ${event.connection.endpoint}: ${event.reason}`)
      })
      keeper.at(1, () => requester.ask('a').subscribe(keeper.write))
      keeper.at(2, () => {
        endpoints.next(['2'])
      })
      keeper.at(3, () => requester.ask('b').subscribe(keeper.write))
    })
    expect(told).to.deep.equal(['1 1 hears a', '3 2 hears b', '11 a!', '11 close 1: shutdown', '13 b!'])
  })

  it('asks on another, of any stream, when the one that was selected is gone while something waits for it', () => {
    const net = memory()
    const heard: Connection<string>[] = []
    net
      .listen({ port: 1 })
      .pipe(framed(lines()))
      .subscribe(event => {
        if (event.type === 'packet') heard.push(event.connection)
      })
    const dial = net.connect({ port: 1 }).pipe(framed(lines()))
    const asked = requests(merge(dial, dial), inOrder(), { select: ([first]) => first, maxInFlight: 1 })
    const subscription = asked.subscribe()
    for (const question of ['a', 'b']) asked.ask(question).subscribe({ error: () => undefined })
    expect([asked.inFlight, asked.waiting]).to.deep.equal([1, 1])
    heard[0]?.close()
    expect([asked.inFlight, asked.waiting]).to.deep.equal([1, 0])
    subscription.unsubscribe()
  })

  it('waits for a member that is leased, and goes on when that is given back', () => {
    const told = diary(keeper => {
      let listening = 0
      const clients = pool(served(keeper)(1), { size: 1, max: 1 })
      const state = clients.state.pipe(tap({ subscribe: () => (listening += 1), finalize: () => (listening -= 1) }))
      const requester = requests(Object.defineProperty(clients, 'state', { value: state }), inOrder())
      keeper.watch(requester, 100, () => undefined)
      keeper.at(1, () =>
        clients.lease().subscribe(lease => {
          keeper.at(19, () => {
            expect([requester.waiting, listening]).to.deep.equal([1, 1])
            lease.release()
            expect([requester.waiting, listening]).to.deep.equal([0, 0])
          })
        }),
      )
      keeper.at(2, () => requester.ask('a').subscribe(keeper.write))
    })
    expect(told).to.deep.equal(['20 1 hears a', '30 a!'])
  })
})
