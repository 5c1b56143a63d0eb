import { expect } from 'chai'
import { NEVER, concat, of, throwError, type Observable } from 'rxjs'
import {
  trace,
  type CloseEvent,
  type ConnectionEvent,
  type RetryEvent,
  type TraceOptions,
  type TypedEvent,
} from 'sluice'
import { memory, recordingConnection, type Letters } from 'sluice/testing'
import { run } from '../support/run.js'

describe('trace', () => {
  describe('writes a line for each event', () => {
    it('of one connection', () => {
      const there = { address: '127.0.0.1', port: 4000 }
      const connection = recordingConnection({ remote: there })
      const events: ConnectionEvent<unknown>[] = [
        { type: 'connecting', connection },
        { type: 'open', connection, session: 1 },
        { type: 'packet', connection, packet: bytes('hello world\n') },
        { type: 'drain', connection },
        { type: 'end', connection },
        { type: 'close', connection, reason: 'remote', bytesUnsent: 0 },
      ]
      expect(traced(of(...events))).to.deep.equal([
        '#1 connecting 127.0.0.1:4000',
        '#1 open 127.0.0.1:4000',
        '#1 packet 12 B "hello world\\n"',
        '#1 drain',
        '#1 end',
        '#1 close remote',
      ])
    })

    it('and numbers connections in the order in which they appear, each subscription anew', () => {
      const logs: string[][] = [[], []]
      run(({ cold }) => {
        const both = cold(['l-o-a----x-o', '---o-b----x'])
        for (const log of logs) both.pipe(trace(line => log.push(line))).subscribe()
      })
      for (const log of logs)
        expect(log).to.deep.equal([
          'listening localhost:1',
          '#1 open',
          '#2 open',
          '#1 packet "a"',
          '#2 packet "b"',
          '#1 close remote',
          '#2 close remote',
          '#3 open',
        ])
    })

    it('of what goes wrong, by its code, and of what was lost', () => {
      const connection = recordingConnection()
      const close = { type: 'close', connection, bytesUnsent: 0 } as const
      const events: ConnectionEvent[] = [
        { ...close, reason: 'error', error: coded('ECONNRESET'), bytesUnsent: 512 },
        { ...close, reason: 'timeout', error: coded('ERR_IDLE_TIMEOUT') },
        { ...close, reason: 'local', bytesUnsent: 7 },
        { ...close, reason: 'error', error: new Error('cannot\nmap') },
      ]
      expect(traced(of(...events))).to.deep.equal([
        '#1 close error ECONNRESET, 512 B unsent',
        '#2 close timeout ERR_IDLE_TIMEOUT',
        '#3 close local, 7 B unsent',
        '#4 close error cannot\\u000amap',
      ])
    })

    it('of a WebSocket, with what its peer has said', () => {
      const close = { type: 'close', connection: recordingConnection(), reason: 'remote', bytesUnsent: 0 } as const
      const events: ConnectionEvent[] = [
        { code: 4001, detail: 'so\nlong' },
        { reason: 'local', code: 1000, detail: '' },
        { reason: 'error', code: 1006, detail: '', error: coded('ERR_PROTOCOL'), bytesUnsent: 4 },
      ].map(said => ({ ...close, ...said }) as CloseEvent)
      expect(traced(of(...events))).to.deep.equal([
        '#1 close remote 4001 so\\u000along',
        '#2 close local 1000',
        '#3 close error 1006 ERR_PROTOCOL, 4 B unsent',
      ])
    })

    it('of each wait, with what it is for', () => {
      const connection = recordingConnection()
      const closed = { type: 'close', connection, reason: 'remote', bytesUnsent: 0 } as const
      const retry = { type: 'retry', attempt: 2, delay: 340.4 } as const
      const events: RetryEvent[] = [
        { ...retry, cause: coded('ECONNREFUSED') },
        { ...retry, cause: closed },
        { ...retry, cause: { ...closed, reason: 'error', error: coded('ECONNRESET') } },
        { ...retry, cause: 'no credentials' },
        { ...retry, cause: undefined },
        { ...retry, delay: Infinity, cause: closed },
      ]
      expect(traced(of(...events))).to.deep.equal([
        'retry 2 in 340 ms after ECONNREFUSED',
        'retry 2 in 340 ms after remote',
        'retry 2 in 340 ms after ECONNRESET',
        'retry 2 in 340 ms after no credentials',
        'retry 2 in 340 ms after undefined',
        'retry 2 when told to after remote',
      ])
    })

    it('of each session, and of other places', () => {
      const at = (address: string, port?: number) =>
        recordingConnection({ remote: port === undefined ? { address } : { address, port } })
      const events: ConnectionEvent[] = [
        { type: 'open', connection: at('::1', 4000), session: 2 },
        { type: 'open', connection: at('/run/a.sock'), session: 1 },
      ]
      expect(traced(of(...events))).to.deep.equal(['#1 open [::1]:4000, session 2', '#2 open /run/a.sock'])
    })

    it('of what it does not understand, by its type', () => {
      const connection = recordingConnection()
      expect(traced(of({ type: 'weather' }, { type: 'heartbeat', connection }))).to.deep.equal([
        'weather',
        '#1 heartbeat',
      ])
    })

    it('and none where nothing happens', () => {
      expect(traced(NEVER)).to.deep.equal([])
    })
  })

  describe('shows a packet', () => {
    const shown = (packet: unknown, options: TraceOptions<ConnectionEvent<unknown>> = {}): string => {
      const event: ConnectionEvent<unknown> = { type: 'packet', connection: recordingConnection(), packet }
      return (traced(of(event), options)[0] ?? '').replace('#1 packet ', '')
    }

    it('of bytes with its length, and what is no text in hex', () => {
      expect(shown(new Uint8Array())).to.equal('0 B ""')
      expect(shown(new Uint8Array([0, 9, 13, 10, 34, 92, 65, 126, 127, 255]))).to.equal(
        '10 B "\\x00\\t\\r\\n\\"\\\\A~\\x7f\\xff"',
      )
    })

    it('up to a length', () => {
      expect(shown(bytes('x'.repeat(64)))).to.equal(`64 B "${'x'.repeat(64)}"`)
      expect(shown(bytes('x'.repeat(65)))).to.equal(`65 B "${'x'.repeat(64)}"…`)
      expect(shown('y'.repeat(65))).to.equal(`"${'y'.repeat(64)}"…`)
      expect(shown('hello', { maxLength: 4 })).to.equal('"hell"…')
      expect(shown([1, 2, 3], { maxLength: 4 })).to.equal('[1,2…')
    })

    it('of anything else as what it looks like', () => {
      const circle: { self?: object } = {}
      circle.self = circle
      expect(shown({ id: 7 })).to.equal('{"id":7}')
      expect(shown(undefined)).to.equal('undefined')
      expect(shown(7n)).to.equal('7')
      expect(shown(circle)).to.equal('[object Object]')
    })

    it('as it is told to, where secrets are left out', () => {
      expect(shown('PASS secret', { show: packet => String(packet).slice(0, 4) })).to.equal('PASS')
    })

    it('on one line, whatever is in it', () => {
      const forged = 'a\n#1 close remote\u001b[2J\u2028\u202e'
      const line = 'a\\u000a#1 close remote\\u001b[2J\\u2028\\u202e'
      expect(shown('', { show: () => forged })).to.equal(line)
      expect(shown(forged)).to.equal('"a\\n#1 close remote\\u001b[2J\\u2028\\u202e"')
    })

    it('without a word of it where `show` throws', () => {
      const throws = (): never => {
        throw new SyntaxError('unexpected token: secret')
      }
      expect(shown('secret', { show: throws })).to.equal('(show threw SyntaxError)')
    })
  })

  describe('changes nothing', () => {
    it('of events, errors and the end', () =>
      run(({ cold, expectEvents, expectObservable }) => {
        const bad = new Error('bad')
        const passing = (diagram: string, letters: Letters = {}) => {
          for (const sent of [false, true])
            expectEvents(cold(diagram, letters).pipe(trace(ignore, { sent }))).toBe(diagram, letters)
        }
        passing('c--o-(ab)-d-e-(x|)')
        passing('c--(x#)')
        passing('-w-o-', { w: { type: 'weather' } })
        expectObservable(throwError(() => bad).pipe(trace(ignore))).toBe('#', {}, bad)
        expectEvents(NEVER.pipe(trace(ignore))).toBe('-')
      }))

    it('and passes the very same events, unless it is to tell what is sent', () => {
      const event: ConnectionEvent = { type: 'open', connection: recordingConnection(), session: 1 }
      const passed: unknown[] = []
      of(event)
        .pipe(trace(ignore))
        .subscribe(told => passed.push(told))
      expect(passed[0]).to.equal(event)
    })
  })

  describe('with `sent`', () => {
    const echo = (options: TraceOptions<ConnectionEvent>): readonly string[] => {
      const log: string[] = []
      const net = memory()
      net.listen({ port: 1 }).subscribe(event => {
        if (event.type === 'packet') event.connection.send(event.packet)
      })
      net
        .connect({ port: 1 })
        .pipe(trace(line => log.push(line), options))
        .subscribe(event => {
          if (event.type === 'open') event.connection.send(bytes('hi'))
          if (event.type !== 'packet') return
          event.connection.close()
          event.connection.send(bytes('late'))
        })
      return log
    }

    it('tells what is sent in its place, and what is not taken', () => {
      expect(echo({ sent: true })).to.deep.equal([
        '#1 connecting localhost:1',
        '#1 open localhost:1',
        '#1 send 2 B "hi"',
        '#1 packet 2 B "hi"',
        '#1 send 4 B "late", not taken',
        '#1 end',
        '#1 close local',
      ])
    })

    it('shows it as packets that arrive', () => {
      expect(echo({ sent: true, show: packet => `${packet.length}` })).to.include.members(['#1 send 2', '#1 packet 2'])
    })

    it('and not without', () => {
      expect(echo({}).filter(line => line.includes('send'))).to.deep.equal([])
    })

    it('keeps what else the connection has', () => {
      const connection = Object.assign(recordingConnection<string>(), { context: 'ada' })
      const seen: string[] = []
      of<ConnectionEvent<string, typeof connection>>({ type: 'open', connection, session: 1 })
        .pipe(trace(ignore, { sent: true }))
        .subscribe(event => {
          if (event.type === 'open') seen.push(event.connection.context)
        })
      expect(seen).to.deep.equal(['ada'])
    })

    it('stands in for the connection: same id, same answer, same throw', () => {
      const connection = recordingConnection<string>({
        answer: packet => {
          if (packet === 'bad') throw new TypeError('bad')
          return packet !== 'full'
        },
      })
      const event: ConnectionEvent<string, typeof connection> = { type: 'open', connection, session: 1 }
      const seen: (typeof connection)[] = []
      concat(of(event), of({ ...event, type: 'drain' } as const))
        .pipe(trace(ignore, { sent: true }))
        .subscribe(told => seen.push((told as { connection: typeof connection }).connection))
      const [first, second] = seen
      expect(first).to.equal(second)
      expect(first?.id).to.equal(connection.id)
      expect(first?.send('more')).to.equal(true)
      expect(first?.send('full')).to.equal(false)
      expect(() => first?.send('bad')).to.throw('bad')
      expect(connection.sent).to.deep.equal(['more', 'full'])
    })
  })

  describe('where the log throws', () => {
    it('errors with it, as a tap does', () =>
      run(({ cold, expectEvents }) => {
        const full = Object.assign(new Error('disk full'), { code: 'ENOSPC' })
        const log = (line: string): void => {
          if (line.includes('packet')) throw full
        }
        expectEvents(cold('-o-a-a').pipe(trace(log))).toBe('-o-#', {}, 'ENOSPC')
      }))
  })

  it('names all wrong options at once', () => {
    const wrong = { show: 1, sent: 'yes', maxLength: 0, colour: true } as object as TraceOptions<ConnectionEvent>
    expect(() => trace('log' as unknown as () => void, wrong))
      .to.throw(/^trace: log .*; show .*; sent .*; maxLength .*; colour is not an option/)
      .with.property('code', 'ERR_OPTIONS')
  })
})

function ignore(): void {
  // Nobody reads it.
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function coded(code: string): Error {
  return Object.assign(new Error(`it was ${code}`), { code })
}

/** The lines of a stream that ends at once. */
function traced<E extends TypedEvent>(stream: Observable<E>, options: TraceOptions<E> = {}): readonly string[] {
  const log: string[] = []
  stream
    .pipe(trace(line => log.push(line), options))
    .subscribe()
    .unsubscribe()
  return log
}
