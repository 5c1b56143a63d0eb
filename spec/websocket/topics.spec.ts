import { expect } from 'chai'
import { concat, EMPTY, map, mergeMap, NEVER, Subject, Subscription, take, tap, timer } from 'rxjs'
import {
  constant,
  reconnect,
  type Connection,
  type ConnectionEvent,
  type ConnectionStream,
  type SluiceError,
} from 'sluice'
import { framed, ndjson } from 'sluice/framing'
import { memory, recordingConnection } from 'sluice/testing'
import { topics, type TopicsOptions } from 'sluice/websocket'
import { leavesNothing, run } from '../support/run.js'

type Options = TopicsOptions<string, string>

/** `+a1` subscribes to `a` as 1, `-a1` leaves it; a message is its topic, and its ref where it has one: `a1`. */
const byTopic: Options = {
  subscribe: (topic, ref) => `+${topic}${ref}`,
  unsubscribe: (topic, ref) => `-${topic}${ref}`,
  topicOf: message => message[0],
}
const refOf = (message: string): number | undefined => (message.length > 1 ? Number(message[1]) : undefined)
const byBoth: Options = { ...byTopic, refOf }
const byRef: Options = { subscribe: byTopic.subscribe, refOf }

/** What arrives: `1` is about `a`, in answer to its first subscription. */
const came: Readonly<Record<string, string>> = { 1: 'a1', 2: 'b2', 3: 'a2', 4: 'a', 5: 'u9', 6: 'a3' }
const said: Readonly<Record<string, string>> = { A: '+a1', B: '+b2', C: '+a2', D: '+a3', E: '+b4', z: '-a1', y: '-b2' }

const never: ConnectionStream<ConnectionEvent<string, Connection<string>>> = EMPTY

describe('topics', () => {
  it('asks for each topic when the connection has opened, and tells each what is about it', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    c-o-1-2-(12)-5-1', came)
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('a'), '         ^---------------!').toBe('----1---1------1', came)
      expectObservable(topic('b'), '         ^---------------!').toBe('------2-2-------', came)
      expectSent(dial).toBe('                --(AB)----------(zy)', said)
    }))

  it('connects with the first, and leaves with the last', () =>
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const dial = cold('                    o-1')
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('a'), '         ----^---!').toBe('---------')
      expectObservable(topic('b'), '         ------^-----!').toBe('---------')
      expectObservable(topic('a'), '         ------------------^--!').toBe('---------')
      expectSubscriptions(dial.subscriptions).toBe(['----^-------!', '------------------^--!'])
    }))

  it('asks for a topic at once where the connection is open', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    o----1', came)
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('b'), '         ^-------!').toBe('---------')
      expectObservable(topic('a'), '         --^-----!').toBe('-----1', came)
      expectSent(dial).toBe('                b-c-----(yz)', { b: '+b1', c: '+a2', y: '-b1', z: '-a2' })
    }))

  it('asks once for however many, and tells the peer when the last has left', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    o-1--1--1--1', came)
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('b'), '         ^------------!').toBe('-------------')
      expectObservable(topic('a'), '         ^-----!').toBe('--1--1', came)
      expectObservable(topic('a'), '         ----^----!').toBe('-----1--1', came)
      expectObservable(topic('a'), '         -----------^-!').toBe('-----------1', came)
      expectSent(dial).toBe('                (ba)-----y-c-(zw)', {
        b: '+b1',
        a: '+a2',
        y: '-a2',
        c: '+a3',
        z: '-b1',
        w: '-a3',
      })
    }))

  it('asks again after each open, and not while there is none', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    co-1-(x#)', came)
      const { topic } = topics(dial.pipe(reconnect(constant(5))), byTopic)
      expectObservable(topic('a'), '         ^----------------!').toBe('---1---------1--', came)
      expectObservable(topic('b'), '         ------^----------!').toBe('-----------------')
      expectSent(dial).toBe('                -A---------(bc)', { A: '+a1', b: '+a2', c: '+b3' })
    }))

  it('tells a peer that is not there nothing', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    c-----o-e---', came)
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('a'), '         ^---!').toBe('-----')
      expectObservable(topic('b'), '         ^---------!').toBe('-----------')
      expectSent(dial).toBe('                ------b---y', { b: '+b1', y: '-b1' })
    }))

  it('leaves out what answers an earlier subscription to the same topic', () =>
    run(({ cold, expectObservable }) => {
      const dial = cold('                    o-1-----1-3-4-1-6', came)
      const { topic } = topics(dial, byBoth)
      expectObservable(topic('u'), '         -^---------------!').toBe('-----------------')
      expectObservable(topic('a'), '         ^---!').toBe('--1', came)
      expectObservable(topic('a'), '         ------^----------!').toBe('------------4---6', came)
    }))

  it('knows messages by their ref alone where they have no topic', () =>
    run(({ cold, expectObservable }) => {
      const dial = cold('                    o-1-2-4-3-1', came)
      const { topic } = topics(dial, byRef)
      expectObservable(topic('x'), '         ^----!').toBe('--1', came)
      expectObservable(topic('y'), '         ^-----------!').toBe('----2---3---', came)
    }))

  it('leaves out what answers a subscription of an earlier connection', () =>
    run(({ cold, expectObservable }) => {
      const dial = cold('                    o-1-3-(x#)', came)
      for (const options of [byRef, byBoth]) {
        const { topic } = topics(dial.pipe(reconnect([4])), options)
        expectObservable(topic('a'), '       ^---------------!').toBe('--1-----------3', came)
      }
    }))

  it('ends all topics with the stream, and then starts anew', () =>
    run(({ cold, expectObservable }) => {
      const reset = Object.assign(new Error('ECONNRESET'), { code: 'ECONNRESET' })
      const dial = cold('                    o-1-(x#)', came, reset)
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('a')).toBe('       --1-#', came, reset)
      expectObservable(topic('b')).toBe('       ----#', came, reset)
      expectObservable(topic('a'), '         ------^').toBe('--------1-#', came, reset)
      const { topic: other } = topics(cold('o-1-(x|)', came), byTopic)
      expectObservable(other('a')).toBe('       --1-|', came)
      expectObservable(topics(never, byTopic).topic('a')).toBe('|')
    }))

  it('lets subscribers come and go while they are told', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    o-1-1-1', came)
      const { topic } = topics(dial, byTopic)
      expectObservable(topic('a').pipe(take(1))).toBe('--(1|)', came)
      const nested = topic('a').pipe(mergeMap(first => topic('b').pipe(map(second => first + second))))
      expectObservable(nested, '             ^------!').toBe('--------')
      expectSent(dial).toBe('                A-B----(zy)', said)
    }))

  it('ends a topic whose message can’t be made, or sent, and no other', () =>
    run(({ cold, expectObservable, expectSent }) => {
      const dial = cold('                    o-1-', came)
      const fault = new TypeError('no such topic')
      const { topic } = topics(dial, {
        ...byTopic,
        subscribe(name, ref) {
          if (name === 'bad') throw fault
          return `+${name}${ref}`
        },
      })
      const codes: unknown[] = []
      expectObservable(topic('a'), '         ^---!').toBe('--1', came)
      topic('bad').subscribe({
        error: (error: unknown) => codes.push((error as SluiceError).code, (error as SluiceError).cause),
      })
      expectObservable(timer(3).pipe(tap(() => expect(codes).to.deep.equal(['ERR_HANDLER', fault])))).toBe('---(0|)', {
        0: 0,
      })
      expectSent(dial).toBe('                A---z', { A: '+a2', z: '-a2' })
    }))

  it('asks again for whom its error makes subscribe again', () => {
    const connection = recordingConnection<string>()
    const source = new Subject<ConnectionEvent<string, Connection<string>>>()
    let fails = true
    const { topic } = topics(source, {
      ...byBoth,
      subscribe(name, ref) {
        if (!fails) return byBoth.subscribe(name, ref)
        fails = false
        throw new Error('subscribe')
      },
    })
    const told: string[] = []
    const again = new Subscription()
    const subscribeAgain = () => {
      again.add(topic('a').subscribe(message => told.push(message)))
    }
    topic('a').subscribe({ error: subscribeAgain })
    source.next({ type: 'open', connection, session: 1 })
    source.next({ type: 'packet', connection, packet: 'a2' })
    expect([connection.sent, told]).to.deep.equal([['+a2'], ['a2']])
    again.unsubscribe()
    expect([connection.sent, source.observed]).to.deep.equal([['+a2', '-a2'], false])
  })

  it('asks for no topic that is left while others are asked for', () => {
    const connection = recordingConnection<string>()
    const source = new Subject<ConnectionEvent<string, Connection<string>>>()
    const { topic } = topics(source, {
      ...byBoth,
      subscribe(name, ref) {
        if (name === 'b') throw new Error('subscribe')
        return byBoth.subscribe(name, ref)
      },
    })
    const others = new Subscription()
    topic('b').subscribe({
      error() {
        others.unsubscribe()
      },
    })
    others.add(topic('a').subscribe())
    source.next({ type: 'open', connection, session: 1 })
    expect([connection.sent, source.observed]).to.deep.equal([[], false])
  })

  it('closes the connection if it can’t read a message, or can’t leave a topic', () => {
    for (const name of ['topicOf', 'refOf', 'unsubscribe'] as const) {
      const connection = recordingConnection<string>()
      const broken = () => {
        throw new Error(name)
      }
      const events: ConnectionEvent<string, Connection<string>>[] = [
        { type: 'open', connection, session: 1 },
        { type: 'packet', connection, packet: 'a1' },
      ]
      const stream = concat(events, NEVER)
      topics(stream, { ...byBoth, [name]: broken })
        .topic('a')
        .subscribe()
        .unsubscribe()
      expect(connection.calls.map(({ call }) => call)).to.include('destroy')
    }
  })

  it('is told how messages are known', () => {
    const { subscribe } = byTopic
    expect(() => topics(never, { subscribe }))
      .to.throw('topicOf or refOf')
      .with.property('code', 'ERR_OPTIONS')
    expect(() => topics(never, { topicOf: refOf } as object as Options)).to.throw('subscribe is missing')
  })

  it('leaves nothing, whenever it is left', () => {
    leavesNothing(14, ({ cold }) => topics(cold('c-o-1-(x#)', came).pipe(reconnect([4, 4])), byTopic).topic('a'))
  })

  it('works over any stream of packets', () => {
    interface Said {
      readonly topic: string
      readonly price?: number
    }
    const net = memory()
    const server = net.listen({ port: 1 }).pipe(framed(ndjson<Said>()))
    const asked: Said[] = []
    const subscription = server.subscribe(event => {
      if (event.type !== 'packet') return
      asked.push(event.packet)
      if (event.packet.price === undefined) event.connection.send({ ...event.packet, price: asked.length })
    })
    const told: Said[] = []
    const feed = topics(net.connect({ port: 1 }).pipe(framed(ndjson<Said>())), {
      subscribe: topic => ({ topic }),
      topicOf: ({ topic }) => topic,
    })
    const both = ['a', 'b'].map(name => feed.topic(name).subscribe(message => told.push(message)))
    expect(told).to.deep.equal([
      { topic: 'a', price: 1 },
      { topic: 'b', price: 2 },
    ])
    for (const one of both) one.unsubscribe()
    subscription.unsubscribe()
    expect(net.open).to.equal(0)
  })
})
