import { expect } from 'chai'
import { EMPTY, NEVER, Subject, ignoreElements, take, throwError, type Observable, type Subscription } from 'rxjs'
import { consume, firstPacket, perConnection, reconnect, type ConnectionEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { inOrder, respond } from 'sluice/request'
import { memory, recordingConnection, type RecordingConnection } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { leavesNothing, run } from '../support/run.js'

type Events = ConnectionEvent<string, RecordingConnection<string>>

const late = { t: { type: 'close', reason: 'timeout', error: 'ERR_FIRST_PACKET_TIMEOUT' } }
const gone = 'ERR_FIRST_PACKET_TIMEOUT'

const first = firstPacket<Events>(5)

describe('firstPacket', () => {
  it('ends a connection that sends nothing, when its time since the open is over', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('      c--o------').pipe(first)).toBe('c--o----(t#)', late, gone)
    }))

  it('lets be who has sent one packet in time, whatever follows', () =>
    run(({ cold, expectEvents }) => {
      const dial = cold('      o---p--------p----------(x|)')
      expectEvents(dial.pipe(first)).toBe('o---p--------p----------(x|)')
    }))

  it('lets be who has finished in time, or has gone', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('      o--e----------(x|)').pipe(first)).toBe('o--e----------(x|)')
      expectEvents(cold('      o--(x#)').pipe(first)).toBe('           o--(x#)')
    }))

  it('takes a whole packet behind framed, and any byte before it', () => {
    const told = (order: 'behind' | 'before'): readonly string[] =>
      diary(({ at, watch, write }) => {
        const net = memory()
        net.listen({ port: 1 }).subscribe(event => {
          if (event.type === 'open')
            for (const ms of [2, 4, 6]) at(ms, () => event.connection.send(new Uint8Array([65])))
        })
        const dial = net.connect({ port: 1 })
        const stream =
          order === 'behind' ? dial.pipe(framed(lines()), firstPacket(5)) : dial.pipe(firstPacket(5), framed(lines()))
        watch(stream, 20, event => {
          if (event.type === 'close') write(event.reason)
        })
      })
    expect(told('behind')).to.deep.equal(['5 timeout', '5 error ERR_FIRST_PACKET_TIMEOUT'])
    expect(told('before')).to.deep.equal([])
  })

  it('knows of a packet that an operator before it keeps, or has in hand', () =>
    run(({ cold, expectEvents }) => {
      const dial = cold('o--p------')
      const ignore = (packets: Observable<string>) => packets.pipe(ignoreElements())
      expectEvents(
        dial.pipe(
          consume(() => NEVER),
          firstPacket(5),
        ),
      ).toBe('o---------')
      expectEvents(
        dial.pipe(
          respond(inOrder(), () => EMPTY),
          firstPacket(5),
        ),
      ).toBe('o---------')
      expectEvents(dial.pipe(perConnection(ignore), firstPacket(5))).toBe('o---------')
    }))

  it('gives as much again to a connection that is paused when its time is over', () =>
    run(({ cold, at, expectEvents }) => {
      const dial = cold('              o-------------------')
      const holds: (Subscription | undefined)[] = []
      at('                             -p----r', {
        p: () => holds.push(dial.connections[0]?.pause()),
        r: () => holds.pop()?.unsubscribe(),
      })
      expectEvents(dial.pipe(first)).toBe('o---------(t#)', late, gone)
    }))

  it('keeps the time of each of many exactly', () =>
    run(({ cold, expectEvents }) => {
      const three = cold(['                   l-o---------', '---o--p------', '----o--------'])
      expectEvents(three.pipe(first), '       ^------------!').toBe(['l-o----t', '---o--p', '----o----t'], late)
    }))

  it('asks anew of each session of a stream that comes back', () =>
    run(({ cold, expectEvents }) => {
      const dial = cold('                     o-p(x|)')
      const silent = cold('                   o------')
      expectEvents(dial.pipe(reconnect([6])).pipe(first), '^-----------!').toBe('o-p(xr)--o-p')
      expectEvents(silent.pipe(reconnect([6, 6])).pipe(first), '^-------------------!').toBe(
        'o----(tr)--o----(tr)',
        late,
      )
    }))

  it('passes what it does not understand, errors, and the end', () =>
    run(({ cold, expectEvents, expectObservable }) => {
      const told = { w: { type: 'weather' } }
      const bad = new Error('bad')
      expectEvents(cold('     -w-o-(x|)', told).pipe(first)).toBe('-w-o-(x|)', told)
      expectEvents(NEVER.pipe(first)).toBe('-')
      expectObservable(throwError(() => bad).pipe(first)).toBe('#', {}, bad)
    }))

  it('has one timer for all connections, and none before the first and after the last', () => {
    diary(({ scheduler, at }) => {
      const events = new Subject<Events>()
      const connections = Array.from({ length: 100 }, () => recordingConnection<string>())
      const timers = (): number => scheduler.actions.length
      events.pipe(first).subscribe()
      expect(timers()).to.equal(0)
      for (const connection of connections) events.next({ type: 'open', connection, session: 1 })
      expect(timers()).to.equal(1)
      at(2, () => {
        const before = timers()
        for (const connection of connections) events.next({ type: 'packet', connection, packet: 'hello' })
        expect(timers()).to.equal(before - 1)
      })
    })
  })

  it('leaves no timer when nobody is subscribed any more, or the stream is over', () => {
    leavesNothing(8, ({ cold }) => cold('c-o-----(x#)').pipe(first))
    leavesNothing(8, ({ cold }) => cold('o-----').pipe(first, take(1)))
    diary(({ scheduler }) => {
      const events = new Subject<Events>()
      events.pipe(first).subscribe()
      events.next({ type: 'open', connection: recordingConnection(), session: 1 })
      events.complete()
      expect(scheduler.actions).to.deep.equal([])
    })
  })

  it('waits for fifteen seconds, unless told otherwise', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('     o').pipe(firstPacket())).toBe('o 14999ms (t#)', late, gone)
    }))

  it('refuses what is no time', () => {
    for (const wrong of [0, -1, NaN, '5' as unknown as number])
      expect(() => firstPacket(wrong))
        .to.throw(/^firstPacket: timeout must be/)
        .with.property('code', 'ERR_OPTIONS')
  })
})
