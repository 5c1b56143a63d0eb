import { Observable, takeWhile, tap, timer, type Subscriber, type Subscription } from 'rxjs'
import { SluiceError } from '../connection/errors.js'
import { checkOptions, milliseconds, within, type Rules } from '../connection/options.js'
import { ByteQueue } from './byte-queue.js'
import { DelimiterScanner, DelimiterTable } from './delimiter-scanner.js'
import { Slab } from './slab.js'
import { bytesOf } from './text.js'

/** What counts for all the reads of a reader. */
export interface ReaderOptions {
  /** How many bytes one read may be at most, 1 to 2 147 483 647. Default 1 048 576 (1 MiB). */
  readonly maxLength?: number
  /** How long one read may wait for its bytes, in milliseconds. Default `Infinity`. */
  readonly timeout?: number
}

/** What counts for one read. */
export interface ReadOptions {
  /** How long this read may wait for its bytes, in milliseconds. Default the reader's. */
  readonly timeout?: number
}

/**
 * Reads what it is asked for. Each read is cold: subscribing reads, and it emits one value and completes.
 *
 * Reads that are subscribed to while another waits get their turn behind it. One that fails or is unsubscribed leaves
 * the bytes to the next.
 */
export interface Reader {
  /** How many bytes have arrived and were not read. */
  readonly available: number
  /** Reads so many bytes. */
  exactly(size: number, options?: ReadOptions): Observable<Uint8Array>
  /** Reads up to a delimiter, which is used up and no part of the value. A string is UTF-8. */
  until(delimiter: string | Uint8Array, options?: ReadOptions): Observable<Uint8Array>
  /** Reads what has arrived, at least one byte. */
  some(options?: ReadOptions): Observable<Uint8Array>
  /** Takes what has arrived and was not read. */
  rest(): Uint8Array
}

const readRules: Rules<ReadOptions> = { timeout: milliseconds }
const rules: Rules<ReaderOptions> = { maxLength: within(1, 2 ** 31 - 1), ...readRules }

/**
 * Pulls from a connection instead of being pushed at: so many bytes, or up to a delimiter, one after the other.
 *
 * It listens only while a read waits for bytes that have not arrived, so between the reads, and while they can be
 * answered from what has, the connection is held by `perConnection`, and a peer that sends more is slowed down. A read
 * fails with `ERR_READ_TIMEOUT` after its `timeout` (counted from its turn), with `ERR_READ_ENDED` when the input ends
 * before it has all, and with `ERR_FRAME_TOO_LONG` beyond `maxLength`; the messages tell how many bytes there were.
 *
 * @param bytes the bytes of one connection, which wait while nobody is subscribed: what `perConnection` hands to its
 * project
 *
 * @example Requests with a header of four bytes, of which the last two are the length
 * ```ts
 * tcp.listen({ port: 4000 }).pipe(
 *   perConnection(bytes => {
 *     const input = reader(bytes, { timeout: 10_000 })
 *     const request = input.exactly(4).pipe(concatMap(([, , high = 0, low = 0]) => input.exactly(high * 256 + low)))
 *     return request.pipe(repeat())
 *   }),
 * )
 * ```
 */
export function reader(bytes: Observable<Uint8Array>, options: ReaderOptions = {}): Reader {
  checkOptions('reader', options, rules)
  return new ByteReader(bytes, options)
}

/** A read on its way. */
interface Read {
  readonly subscriber: Subscriber<Uint8Array>
  readonly timeout: number
  /** What it wants, for its errors. */
  readonly wish: string
  /** Takes what it wants if that is there; throws where it never can be. */
  readonly take: () => Uint8Array | undefined
  timer?: Subscription
}

class ByteReader implements Reader {
  readonly #bytes: Observable<Uint8Array>
  readonly #maxLength: number
  readonly #timeout: number
  readonly #queue = new ByteQueue(new Slab())
  /** In order of their turns; only the first one is served. */
  readonly #reads: Read[] = []
  #serving = false
  #listening = false
  #subscription: Subscription | undefined
  #ended = false
  #failure: { readonly error: unknown } | undefined
  /** Counts the calls of `rest`, after which whoever searches has to start anew. */
  #rests = 0

  constructor(bytes: Observable<Uint8Array>, { maxLength = 1024 * 1024, timeout = Infinity }: ReaderOptions) {
    this.#bytes = bytes
    this.#maxLength = maxLength
    this.#timeout = timeout
  }

  get available(): number {
    return this.#queue.length
  }

  exactly(size: number, options?: ReadOptions): Observable<Uint8Array> {
    if (!Number.isInteger(size) || size < 0) throw new RangeError(`a read of ${size} bytes`)
    return this.#read(`${size} bytes`, options, () => () => {
      if (size > this.#maxLength) throw this.#tooLong(`${size} bytes`)
      return this.#queue.length < size ? undefined : this.#queue.take(size)
    })
  }

  until(delimiter: string | Uint8Array, options?: ReadOptions): Observable<Uint8Array> {
    const table = new DelimiterTable([bytesOf(delimiter)])
    if (delimiter.length === 0) throw new RangeError('a delimiter of no bytes')
    return this.#read('the bytes up to a delimiter', options, () => this.#search(table))
  }

  some(options?: ReadOptions): Observable<Uint8Array> {
    return this.#read('any bytes', options, () => () => {
      const size = Math.min(this.#queue.length, this.#maxLength)
      return size === 0 ? undefined : this.#queue.take(size)
    })
  }

  rest(): Uint8Array {
    this.#rests += 1
    return this.#queue.take(this.#queue.length)
  }

  #read(wish: string, options: ReadOptions = {}, begin: () => Read['take']): Observable<Uint8Array> {
    checkOptions('a read', options, readRules)
    const { timeout = this.#timeout } = options
    return new Observable(subscriber => {
      const read: Read = { subscriber, timeout, wish, take: begin() }
      this.#reads.push(read)
      subscriber.add(() => {
        this.#leave(read)
      })
      this.#serve()
    })
  }

  /** Looks for a delimiter in what is new since the last look. */
  #search(table: DelimiterTable): Read['take'] {
    const queue = this.#queue
    let scanner = new DelimiterScanner(table)
    let seen = 0
    let rests = this.#rests
    return () => {
      if (rests !== this.#rests) {
        scanner = new DelimiterScanner(table)
        seen = 0
        rests = this.#rests
      }
      let end = -1
      queue.forEach(seen, piece => {
        end = scanner.scan(piece, 0)
        seen += end < 0 ? piece.length : end
        return end < 0
      })
      if (seen - (end < 0 ? 0 : scanner.found) > this.#maxLength)
        throw this.#tooLong(`${seen} bytes without a delimiter`)
      return end < 0 ? undefined : queue.take(seen).subarray(0, seen - scanner.found)
    }
  }

  #serve(): void {
    if (this.#serving) return
    this.#serving = true
    for (let read = this.#reads[0]; read !== undefined && this.#settle(read); read = this.#reads[0]);
    this.#serving = false
    this.#listen()
  }

  /** Answers whether the read is over, one way or the other. */
  #settle(read: Read): boolean {
    const { subscriber } = read
    try {
      const value = read.take()
      if (value !== undefined) {
        this.#reads.shift()
        subscriber.next(value)
        subscriber.complete()
        return true
      }
    } catch (thrown) {
      subscriber.error(thrown)
      return true
    }
    if (!this.#ended) return false
    subscriber.error(this.#failure === undefined ? this.#endedBefore(read) : this.#failure.error)
    return true
  }

  #leave(read: Read): void {
    read.timer?.unsubscribe()
    const index = this.#reads.indexOf(read)
    if (index < 0) return
    this.#reads.splice(index, 1)
    this.#serve()
  }

  /** Listens while a read waits, and only then. */
  #listen(): void {
    const read = this.#reads[0]
    if (read === undefined) {
      this.#listening = false
      this.#subscription?.unsubscribe()
      return
    }
    if (read.timeout !== Infinity)
      read.timer ??= timer(read.timeout).subscribe(() => read.subscriber.error(this.#late(read)))
    if (!this.#listening) this.#connect()
  }

  #connect(): void {
    this.#listening = true
    this.#subscription = this.#bytes
      .pipe(
        tap({ error: (error: unknown) => this.#end({ error }), complete: () => this.#end() }),
        // What comes while we subscribe may be all that is wanted: that is said at once, when there is nothing yet to
        // unsubscribe.
        takeWhile(chunk => this.#receive(chunk)),
      )
      .subscribe({ error: () => undefined })
  }

  #receive(chunk: Uint8Array): boolean {
    this.#queue.push(chunk)
    this.#serve()
    return this.#listening
  }

  #end(failure?: { readonly error: unknown }): void {
    this.#failure = failure
    this.#ended = true
    this.#serve()
  }

  #tooLong(what: string): SluiceError {
    return new SluiceError('ERR_FRAME_TOO_LONG', `a read of ${what}, more than the ${this.#maxLength} of maxLength`)
  }

  #late(read: Read): SluiceError {
    return new SluiceError(
      'ERR_READ_TIMEOUT',
      `waited ${read.timeout} ms for ${read.wish}, of which ${this.#queue.length} are there`,
    )
  }

  #endedBefore(read: Read): SluiceError {
    return new SluiceError(
      'ERR_READ_ENDED',
      `the input ended before ${read.wish} were there, with ${this.#queue.length}`,
    )
  }
}
