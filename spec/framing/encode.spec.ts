import { expect } from 'chai'
import { EMPTY, Subject, concatWith, from, of, take, tap, throwError, toArray } from 'rxjs'
import { decode, encode, lengthField, lines, switchable } from 'sluice/framing'

describe('encode', () => {
  it('tells the pieces that are written, each to keep', () => {
    let pieces: Uint8Array[] = []
    of('ab', 'c')
      .pipe(encode(lines()), toArray())
      .subscribe(all => (pieces = all))
    expect(pieces).to.deep.equal(['ab\n', 'c\n'].map(text => new Uint8Array(Buffer.from(text))))
  })

  it('is undone by decode', () => {
    const packets = [new Uint8Array(), new Uint8Array(100).fill(1), Uint8Array.of(2)]
    let decoded: Uint8Array[] = []
    of(...packets)
      .pipe(encode(lengthField()), decode(lengthField()), toArray())
      .subscribe(all => (decoded = all))
    expect(decoded).to.deep.equal(packets)
  })

  it('completes and errors as its source does', () => {
    const told: unknown[] = []
    const observer = {
      next: (bytes: Uint8Array) => told.push(bytes.length),
      error: (error: unknown) => told.push((error as Error).message),
      complete: () => told.push('|'),
    }
    EMPTY.pipe(encode(lines())).subscribe(observer)
    of('a')
      .pipe(concatWith(throwError(() => new Error('gone'))), encode(lines()))
      .subscribe(observer)
    expect(told).to.deep.equal(['|', 2, 'gone'])
  })

  it('errors on what can not be encoded', () => {
    const told: unknown[] = []
    of('a', 'b\nc', 'd')
      .pipe(encode(lines()))
      .subscribe({ next: bytes => told.push(bytes.length), error: (error: unknown) => told.push(error) })
    expect(told[0]).to.equal(2)
    expect(told[1]).to.be.instanceOf(RangeError)
    expect(told).to.have.length(2)
  })

  it('stops at once when it is unsubscribed', () => {
    const source = new Subject<string>()
    const told: Uint8Array[] = []
    source.pipe(encode(lines()), take(1)).subscribe(bytes => told.push(bytes))
    source.next('a')
    source.next('b')
    expect(told).to.have.length(1)
    expect(source.observed).to.equal(false)
  })

  it('asks for no more of a source that tells all at once', () => {
    let asked = 0
    const endless = function* () {
      for (; asked < 100; asked += 1) yield 'a'
    }
    from(endless()).pipe(encode(lines()), take(2)).subscribe()
    from(['b\nc', 'd'])
      .pipe(
        tap(() => (asked += 1)),
        encode(lines()),
      )
      .subscribe({ error: () => undefined })
    expect(asked).to.equal(2)
  })

  it('takes a codec that switches, a fresh one for each subscription', () => {
    const codec = switchable<string>(lines(), {
      sent: line => (line === 'loud' ? { send: lines({ maxLength: 1 }) } : undefined),
    })
    const outcomes: unknown[] = []
    const stream = of('loud', 'ab').pipe(encode(codec))
    for (let time = 0; time < 2; time += 1)
      stream.subscribe({
        next: bytes => outcomes.push(bytes.length),
        error: (error: unknown) => outcomes.push((error as Error).name),
      })
    expect(outcomes).to.deep.equal([5, 'RangeError', 5, 'RangeError'])
  })
})
