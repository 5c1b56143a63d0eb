import { expect } from 'chai'
import { NEVER, Subject, take, throwError, type Subscription } from 'rxjs'
import { idleTimeout, reconnect, type ConnectionEvent } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { memory, recordingConnection, type RecordingConnection } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { leavesNothing, run } from '../support/run.js'

type Events = ConnectionEvent<string, RecordingConnection<string>>

const idle = { t: { type: 'close', reason: 'timeout', error: 'ERR_IDLE_TIMEOUT' } }
const gone = 'ERR_IDLE_TIMEOUT'

/** Looks at each frame. */
const timeout = idleTimeout<Events>(4)

describe('idleTimeout', () => {
  it('ends a connection on which nothing has ever arrived when its time is over', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('      c--o------').pipe(timeout)).toBe('c--o---(t#)', idle, gone)
    }))

  it('counts from the last byte, by looking four times', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('      o--p--p---').pipe(timeout)).toBe('o--p--p---(t#)', idle, gone)
    }))

  it('ends a connection between its time and a quarter more after the last byte', () => {
    for (const last of [1, 9, 10, 11, 19, 39]) {
      const [line = ''] = diary(({ at, watch, write }) => {
        const net = memory()
        net.listen({ port: 1 }).subscribe(event => {
          if (event.type === 'open') at(last, () => event.connection.send(new Uint8Array(1)))
        })
        watch(net.connect({ port: 1 }).pipe(idleTimeout(40)), 200, event => {
          if (event.type === 'close') write(event.reason)
        })
      })
      expect(line).to.match(/ timeout$/)
      expect(parseInt(line)).to.be.within(last + 40, last + 50)
    }
  })

  it('takes half a packet for life, and nothing that we send', () => {
    const told = diary(({ at, watch, write }) => {
      const net = memory()
      net.listen({ port: 1 }).subscribe(event => {
        if (event.type === 'open') for (const ms of [30, 60]) at(ms, () => event.connection.send(new Uint8Array([65])))
      })
      watch(net.connect({ port: 1 }).pipe(framed(lines()), idleTimeout(40)), 200, event => {
        if (event.type === 'open') for (const ms of [70, 80, 90]) at(ms, () => event.connection.send('busy'))
        if (event.type === 'packet') write(event.packet)
        if (event.type === 'close') write(event.reason)
      })
    })
    expect(told).to.deep.equal(['100 timeout', '100 error ERR_IDLE_TIMEOUT'])
  })

  it('does not count the time for which we have paused, and then waits anew', () =>
    run(({ cold, at, expectEvents }) => {
      const dial = cold('              o-------------------')
      const holds: (Subscription | undefined)[] = []
      at('                             -p--------r', {
        p: () => holds.push(dial.connections[0]?.pause()),
        r: () => holds.pop()?.unsubscribe(),
      })
      expectEvents(dial.pipe(timeout)).toBe('o-------------(t#)', idle, gone)
    }))

  it('leaves alone whose peer has finished', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('     o--e----------(x|)').pipe(timeout)).toBe('o--e----------(x|)')
    }))

  it('watches each of many, and ends no other', () =>
    run(({ cold, expectEvents }) => {
      const both = cold(['                    l-o---------', '---o--p--p--p'])
      expectEvents(both.pipe(timeout), '      ^------------!').toBe(['l-o---t', '---o--p--p--p'], idle)
    }))

  it('watches each session of a stream that comes back', () =>
    run(({ cold, expectEvents }) => {
      const dial = cold('                     o---------')
      const stream = dial.pipe(reconnect([6, 6])).pipe(timeout)
      expectEvents(stream, '                  ^-----------------!').toBe('o---(tr)--o---(tr)', idle)
    }))

  it('passes what it does not understand, errors, and the end', () =>
    run(({ cold, expectEvents, expectObservable }) => {
      const told = { w: { type: 'weather' } }
      const bad = new Error('bad')
      expectEvents(cold('     -w-o-(x|)', told).pipe(timeout)).toBe('-w-o-(x|)', told)
      expectEvents(NEVER.pipe(timeout)).toBe('-')
      expectObservable(throwError(() => bad).pipe(timeout)).toBe('#', {}, bad)
    }))

  it('has one timer for all connections, and none before the first and after the last', () => {
    diary(({ scheduler, at }) => {
      const events = new Subject<Events>()
      const connections = Array.from({ length: 100 }, () => recordingConnection<string>())
      const timers = (): number => scheduler.actions.length
      events.pipe(timeout).subscribe()
      expect(timers()).to.equal(0)
      for (const connection of connections) events.next({ type: 'open', connection, session: 1 })
      expect(timers()).to.equal(1)
      at(2, () => {
        const before = timers()
        for (const connection of connections)
          events.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
        expect(timers()).to.equal(before - 1)
      })
    })
  })

  it('leaves no timer when nobody is subscribed any more, or the stream is over', () => {
    leavesNothing(8, ({ cold }) => cold('c-o-----(x#)').pipe(timeout))
    leavesNothing(8, ({ cold }) => cold('o-----').pipe(timeout, take(1)))
    diary(({ scheduler }) => {
      const events = new Subject<Events>()
      events.pipe(timeout).subscribe()
      events.next({ type: 'open', connection: recordingConnection(), session: 1 })
      events.complete()
      expect(scheduler.actions).to.deep.equal([])
    })
  })

  it('never ends any, and sets no timer, with a timeout of Infinity', () => {
    diary(({ scheduler }) => {
      const events = new Subject<Events>()
      events.pipe(idleTimeout(Infinity)).subscribe()
      events.next({ type: 'open', connection: recordingConnection(), session: 1 })
      expect(scheduler.actions).to.deep.equal([])
    })
  })

  it('waits for a minute, unless told otherwise', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('     o').pipe(idleTimeout())).toBe('o 59999ms (t#)', idle, gone)
    }))

  it('refuses what is no time', () => {
    for (const wrong of [0, -1, NaN, '5' as unknown as number])
      expect(() => idleTimeout(wrong))
        .to.throw(/^idleTimeout: timeout must be/)
        .with.property('code', 'ERR_OPTIONS')
  })
})
