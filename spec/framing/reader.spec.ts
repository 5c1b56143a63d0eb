import { expect } from 'chai'
import fc from 'fast-check'
import { NEVER, Observable, Subject, catchError, concat, concatMap, map, of, repeat, type Subscription } from 'rxjs'
import { TestScheduler, type RunHelpers } from 'rxjs/testing'
import { perConnection, type ConnectionEvent, type Connection } from 'sluice'
import { reader, type Reader } from 'sluice/framing'
import { bound, codeOf, dialled, reasonOf, story } from '../support/byte-wire.js'
import { work } from '../support/decoding.js'
import { check } from '../support/property.js'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))
const text = (packet: Uint8Array) => Buffer.from(packet).toString()

/** Bytes that wait while nobody listens, as perConnection has them. */
function held() {
  const waiting: (string | null)[] = []
  const live = new Subject<Uint8Array>()
  let listened = 0
  const stream = new Observable<Uint8Array>(subscriber => {
    listened += 1
    const subscription = live.subscribe(subscriber)
    deliver()
    return subscription
  })
  const deliver = () => {
    while (live.observed && waiting.length > 0) {
      const next = waiting.shift()
      if (typeof next === 'string') live.next(bytes(next))
      else live.complete()
    }
  }
  return {
    stream,
    live,
    listened: () => listened,
    arrive(...chunks: readonly string[]) {
      waiting.push(...chunks)
      deliver()
    },
    end() {
      waiting.push(null)
      deliver()
    },
  }
}

/** What a read told. */
function told(read: Observable<Uint8Array>): string[] & { readonly subscription?: Subscription } {
  const all: string[] & { subscription?: Subscription } = []
  all.subscription = read.subscribe({
    next: value => all.push(text(value)),
    error: (error: unknown) => all.push(reasonOf(error)),
    complete: () => all.push('|'),
  })
  return all
}

describe('reader', () => {
  it('reads exactly so many bytes, however they come', () => {
    const source = held()
    const input = reader(source.stream)
    const first = told(input.exactly(5))
    source.arrive('he', 'l')
    expect(first).to.deep.equal([])
    source.arrive('lo wor')
    expect(first).to.deep.equal(['hello', '|'])
    expect(told(input.exactly(4))).to.deep.equal([' wor', '|'])
    expect(told(input.exactly(0))).to.deep.equal(['', '|'])
  })

  it('reads up to a delimiter, which it uses up', () => {
    const source = held()
    const input = reader(source.stream)
    const line = told(input.until('\r\n'))
    source.arrive('GET /', '\r', '\nHost', ': x\r\n\r\nbody')
    expect(line).to.deep.equal(['GET /', '|'])
    expect([told(input.until('\r\n')), told(input.until('\r\n'))]).to.deep.equal([
      ['Host: x', '|'],
      ['', '|'],
    ])
    expect(told(input.until(bytes('dy')))).to.deep.equal(['bo', '|'])
    expect(input.available).to.equal(0)
  })

  it('reads what there is', () => {
    const source = held()
    const input = reader(source.stream, { maxLength: 4 })
    const some = told(input.some())
    expect(some).to.deep.equal([])
    source.arrive('abcdef')
    expect(some).to.deep.equal(['abcd', '|'])
    expect(told(input.some())).to.deep.equal(['ef', '|'])
  })

  it('listens only while a read waits for bytes that are not there', () => {
    const source = held()
    const input = reader(source.stream)
    const read = input.exactly(2)
    expect(source.listened()).to.equal(0)
    source.arrive('abcd', 'ef')
    expect(told(read)).to.deep.equal(['ab', '|'])
    expect([source.listened(), source.live.observed, input.available]).to.deep.equal([1, false, 2])
    expect(told(read)).to.deep.equal(['cd', '|'])
    expect(source.listened()).to.equal(1)
    expect(told(read)).to.deep.equal(['ef', '|'])
    expect([source.listened(), source.live.observed]).to.deep.equal([2, false])
  })

  it('gives reads that overlap their turns in order', () => {
    const source = held()
    const input = reader(source.stream)
    const reads = [told(input.exactly(3)), told(input.until(';')), told(input.some())]
    source.arrive('abcd')
    expect(reads).to.deep.equal([['abc', '|'], [], []])
    source.arrive('e;')
    expect(reads).to.deep.equal([['abc', '|'], ['de', '|'], []])
    source.arrive('f')
    expect(reads[2]).to.deep.equal(['f', '|'])
  })

  it('leaves the bytes to the next when a read is unsubscribed', () => {
    const source = held()
    const input = reader(source.stream)
    const long = told(input.exactly(100))
    const short = told(input.exactly(2))
    source.arrive('abc')
    long.subscription?.unsubscribe()
    expect([long, short]).to.deep.equal([[], ['ab', '|']])
    expect([source.live.observed, text(input.rest())]).to.deep.equal([false, 'c'])
  })

  it('hands out what has arrived and was not read', () => {
    const source = held()
    const input = reader(source.stream)
    const read = told(input.until('--'))
    source.arrive('abc-')
    expect(text(input.rest())).to.equal('abc-')
    source.arrive('-d--')
    expect(read).to.deep.equal(['-d', '|'])
    expect(input.rest()).to.have.length(0)
  })

  it('fails with how much there was when the input ends first', () => {
    const source = held()
    const input = reader(source.stream)
    let failure: unknown
    input.exactly(8).subscribe({ error: (error: unknown) => (failure = error) })
    const next = told(input.exactly(2))
    source.arrive('abc')
    source.end()
    expect(failure).to.include({ code: 'ERR_READ_ENDED', message: 'the input ended before 8 bytes were there, with 3' })
    expect(next).to.deep.equal(['ab', '|'])
    expect(told(input.until(';'))).to.deep.equal(['ERR_READ_ENDED'])
    expect(told(input.some())).to.deep.equal(['c', '|'])
    expect(told(input.some())).to.deep.equal(['ERR_READ_ENDED'])
  })

  it('fails as its source does', () => {
    const source = held()
    const input = reader(source.stream)
    const reads = [told(input.some()), told(input.some())]
    source.live.error(new Error('gone'))
    expect(reads).to.deep.equal([['gone'], ['gone']])
    expect(told(input.some())).to.deep.equal(['gone'])
  })

  it('bounds a read', () => {
    const source = held()
    const input = reader(source.stream, { maxLength: 4 })
    expect(told(input.exactly(5))).to.deep.equal(['ERR_FRAME_TOO_LONG'])
    expect(source.listened()).to.equal(0)
    const long = told(input.until(';'))
    source.arrive('abcd')
    expect(long).to.deep.equal([])
    source.arrive(';e')
    expect(long).to.deep.equal(['abcd', '|'])
    const longer = told(input.until(';'))
    source.arrive('fghi')
    expect(longer).to.deep.equal(['ERR_FRAME_TOO_LONG'])
    expect(text(input.rest())).to.equal('efghi')
    const four = told(input.exactly(4))
    source.arrive('abcd')
    expect(four).to.deep.equal(['abcd', '|'])
  })

  it('handles each byte a few times only as it looks for a delimiter, also when they come one by one', () => {
    const source = new Subject<Uint8Array>()
    reader(source).until('\n').subscribe()
    const handled = work(() => {
      for (let index = 0; index < 4_000; index += 1) source.next(bytes('a'))
    })
    expect(handled).to.be.within(4_000, 40_000)
  })

  it('refuses what no read can be', () => {
    const input = reader(NEVER)
    for (const size of [-1, 1.5, NaN, Infinity]) expect(() => input.exactly(size)).to.throw(RangeError)
    expect(() => input.until('')).to.throw(RangeError)
    expect(() => reader(NEVER, { timeout: -1, maxLength: 0 })).to.throw(/timeout .*; maxLength/)
    const wrong = { timeout: NaN, maxLength: 5 }
    for (const read of [() => input.exactly(1, wrong), () => input.until('a', wrong), () => input.some(wrong)])
      expect(read)
        .to.throw(/timeout .*; maxLength is not/)
        .with.property('code', 'ERR_OPTIONS')
  })

  it('fails when the bytes do not come in time, counted from its turn, and leaves them', () => {
    marbles(({ hot, expectObservable }) => {
      const source = hot('            --a--b----------', { a: bytes('a'), b: bytes('bcd') })
      const input = reader(source, { timeout: 4 })
      const four = outcome(input.exactly(4))
      expectObservable(four).toBe('  ----(t|)', {
        t: 'ERR_READ_TIMEOUT: waited 4 ms for 4 bytes, of which 1 are there',
      })
      expectObservable(four).toBe('  -----(x|)', { x: 'abcd' })
      const some = outcome(input.some({ timeout: 6 }))
      expectObservable(some).toBe('  -----------(t|)', {
        t: 'ERR_READ_TIMEOUT: waited 6 ms for any bytes, of which 0 are there',
      })
    })
  })

  it('counts no time where it does not wait, and none without a timeout', () => {
    marbles(({ hot, expectObservable }) => {
      const input = reader(hot('-a 1m b', { a: bytes('abc'), b: bytes('d') }))
      expectObservable(outcome(input.exactly(2))).toBe('-(x|)', { x: 'ab' })
      expectObservable(outcome(input.exactly(1, { timeout: 2 }))).toBe('-(x|)', { x: 'c' })
      expectObservable(outcome(input.exactly(1))).toBe('-- 1m (x|)', { x: 'd' })
    })
  })

  it('leaves no timer behind', () => {
    const scheduler = new TestScheduler(() => undefined)
    scheduler.run(({ hot }) => {
      const input = reader(hot('--a', { a: bytes('ab') }), { timeout: 10 })
      const reads = [told(input.exactly(1)), told(input.exactly(9))]
      scheduler.schedule(() => {
        expect(reads).to.deep.equal([['a', '|'], []])
        reads[1]?.subscription?.unsubscribe()
        expect(scheduler.actions).to.deep.equal([])
      }, 5)
    })
  })

  it('reads the same whatever the chunks are', () => {
    const field = fc.oneof(
      fc
        .string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 20 })
        .filter(value => !`${value}--`.slice(0, -1).includes('--')),
      fc.nat(20),
    )
    check(
      fc.property(fc.array(field), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (fields, cuts) => {
        const source = held()
        const input = reader(source.stream)
        const expected = fields.map(one => (typeof one === 'string' ? one : 'x'.repeat(one)))
        const all = fields.map((one, index) => (typeof one === 'string' ? `${one}--` : expected[index])).join('')
        const reads = told(
          concat(...fields.map(one => (typeof one === 'string' ? input.until('--') : input.exactly(one)))),
        )
        for (let at = 0, cut = 0; at < all.length; cut += 1) {
          const size = cuts[cut % cuts.length] ?? 1
          source.arrive(all.slice(at, at + size))
          at += size
        }
        expect(reads).to.deep.equal([...expected, '|'])
      }),
      300,
    )
  })

  describe('within perConnection', () => {
    const requests = (input: Reader) =>
      input.exactly(1).pipe(
        concatMap(([size = 0]) => input.exactly(size)),
        repeat(),
      )

    it('reads one request after the other, each connection its own', () => {
      const { stream, accept } = bound()
      const events: ConnectionEvent[] = []
      stream.pipe(perConnection(chunks => requests(reader(chunks)))).subscribe(event => events.push(event))
      const [one, other] = [accept(), accept()]
      one.receive('\x02', 'a')
      other.receive('\x01b\x03cd')
      one.receive('a\x01c')
      expect(story(events)).to.deep.equal(['open', 'open', 'packet b', 'packet aa', 'packet c'])
    })

    it('holds the connection between its reads', () => {
      const { stream, wire } = dialled()
      const next = new Subject<void>()
      const events: string[] = []
      stream
        .pipe(
          perConnection(chunks => {
            const input = reader(chunks)
            return next.pipe(concatMap(() => input.exactly(2)))
          }),
        )
        .subscribe(event => events.push(...story([event])))
      wire().line.opened()
      wire().receive('abc', 'def')
      expect(wire().paused).to.equal(true)
      next.next()
      expect([events.at(-1), wire().paused]).to.deep.equal(['packet ab', true])
      next.next()
      expect([events.at(-1), wire().paused]).to.deep.equal(['packet cd', true])
      next.next()
      expect([events.at(-1), wire().paused]).to.deep.equal(['packet ef', true])
      next.next()
      expect(wire().paused).to.equal(false)
    })

    it('closes only the connection whose read fails', () => {
      const { stream, accept } = bound()
      const told: string[] = []
      const handles = new Set<Connection>()
      stream.pipe(perConnection(chunks => requests(reader(chunks, { maxLength: 3 })))).subscribe(event => {
        told.push(...story([event]))
        if (event.type === 'open') handles.add(event.connection)
      })
      const [one, other] = [accept(), accept()]
      one.receive('\x01a\x04')
      other.receive('\x01b')
      expect(told.slice(2)).to.deep.equal(['packet a', 'close error ERR_HANDLER', 'packet b'])
    })
  })

  it('may be asked before anything is there, and completes one value', () => {
    expect(told(reader(of(bytes('abc'))).exactly(3))).to.deep.equal(['abc', '|'])
  })
})

/** What a read answers, or the code and the message with which it fails. */
function outcome(read: Observable<Uint8Array>): Observable<string> {
  return read.pipe(
    map(text),
    catchError((error: unknown) => of(`${codeOf(error)}: ${(error as Error).message}`)),
  )
}

function marbles(test: (helpers: RunHelpers) => void): void {
  new TestScheduler((actual, expected) => {
    expect(actual).to.deep.equal(expected)
  }).run(test)
}
