import { expect } from 'chai'
import { EMPTY, NEVER, Subject, concat, concatWith, of, take, throwError, type Observable } from 'rxjs'
import { decode, lengthField, lines, switchable } from 'sluice/framing'
import { reasonOf } from '../support/byte-wire.js'

const bytes = (text: string) => new Uint8Array(Buffer.from(text))

/** What a stream tells, with `|` where it completes and the code or message where it errors. */
function told(stream: Observable<unknown>): unknown[] {
  const all: unknown[] = []
  stream.subscribe({
    next: value => all.push(value),
    error: (error: unknown) => all.push(reasonOf(error)),
    complete: () => all.push('|'),
  })
  return all
}

describe('decode', () => {
  it('tells the packets of the bytes', () => {
    expect(told(of(bytes('a\nb'), bytes('\nc')).pipe(decode(lines())))).to.deep.equal(['a', 'b', 'c', '|'])
  })

  it('tells nothing of nothing', () => {
    expect(told(NEVER.pipe(decode(lines())))).to.deep.equal([])
    expect(told(EMPTY.pipe(decode(lines())))).to.deep.equal(['|'])
    expect(told(of(new Uint8Array()).pipe(decode(lines())))).to.deep.equal(['|'])
  })

  it('errors behind the packets before a fault', () => {
    expect(told(of(bytes('a\nlonger\nb\n')).pipe(decode(lines({ maxLength: 5 }))))).to.deep.equal([
      'a',
      'ERR_FRAME_TOO_LONG',
    ])
    expect(told(of(bytes('a\nb')).pipe(decode(lines({ tail: 'error' }))))).to.deep.equal(['a', 'ERR_FRAME_TRUNCATED'])
  })

  it('errors as its source does, and tells no tail', () => {
    expect(
      told(of(bytes('a\nb')).pipe(concatWith(throwError(() => new Error('gone'))), decode(lines()))),
    ).to.deep.equal(['a', 'gone'])
  })

  it('stops at once when it is unsubscribed, within a chunk too', () => {
    const source = new Subject<Uint8Array>()
    const all = told(source.pipe(decode(lines()), take(2)))
    source.next(bytes('a\nb\nc\n'))
    expect(all).to.deep.equal(['a', 'b', '|'])
    expect(source.observed).to.equal(false)
  })

  it('goes on in order where a packet makes more bytes come', () => {
    const source = new Subject<Uint8Array>()
    const all: string[] = []
    source.pipe(decode(lines())).subscribe(line => {
      all.push(line)
      if (line === 'a') source.next(bytes('x\nd\n'))
    })
    source.next(bytes('a\nb\nc'))
    expect(all).to.deep.equal(['a', 'b', 'cx', 'd'])
  })

  it('decodes anew for each subscription', () => {
    const stream = of(bytes('a\nb')).pipe(decode(lines()))
    expect([told(stream), told(stream)]).to.deep.equal([
      ['a', 'b', '|'],
      ['a', 'b', '|'],
    ])
  })

  it('names all that is wrong with its options', () => {
    expect(() => decode(lines(), { skipped: 5, skips: true } as never))
      .to.throw(/skipped must .*; skips is not/)
      .with.property('code', 'ERR_OPTIONS')
  })

  it('tells what is left out', () => {
    const sizes: number[] = []
    const stream = of(bytes('\x01a\x05bbbbb\x01c')).pipe(
      decode(lengthField({ lengthFieldLength: 1, maxFrameLength: 4, onOversize: 'skip' }), {
        skipped: size => sizes.push(size),
      }),
    )
    expect(told(stream)).to.deep.equal([bytes('a'), bytes('c'), '|'])
    expect(sizes).to.deep.equal([6])
    expect(told(of(bytes('longer\nb')).pipe(decode(lines({ maxLength: 5, onOversize: 'skip' }))))).to.deep.equal([
      'b',
      '|',
    ])
  })

  it('takes a codec that switches, a fresh one for each subscription', () => {
    const codec = switchable<string | Uint8Array>(lines(), {
      received: packet => (packet === 'raw' ? { receive: lengthField({ lengthFieldLength: 1 }) } : undefined),
    })
    const stream = of(bytes('a\nraw\n\x01b')).pipe(decode(codec))
    expect(told(concat(stream, stream))).to.deep.equal(['a', 'raw', bytes('b'), 'a', 'raw', bytes('b'), '|'])
  })
})
