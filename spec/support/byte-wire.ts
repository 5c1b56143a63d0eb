import { bind, dial, type Connection, type ConnectionEvent, type ConnectionOptions, type Line, type Wire } from 'sluice'
import type { Observable } from 'rxjs'

/**
 * A wire of bytes that tells what the test says, at once; what would come while it is paused waits for `resume`, as in
 * the system's buffers.
 */
export class ByteWire implements Wire {
  readonly copies: number
  readonly line: Line
  /** All that was written, as it was when it was written. */
  readonly written: Uint8Array[] = []
  /** The very arrays that were written. */
  readonly given: Uint8Array[] = []
  paused = true
  ended = false
  destroyed = false

  readonly #waiting: (() => void)[] = []
  #finished = false
  #drained = 0

  constructor(line: Line, copies = 0) {
    this.line = line
    this.copies = copies
  }

  /** What was written, as text. */
  get text(): string {
    return Buffer.concat(this.written).toString('latin1')
  }

  /** The peer sends: each argument arrives in a read of its own. */
  receive(...chunks: readonly (string | Uint8Array)[]): void {
    for (const chunk of chunks) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      this.#arrive(() => {
        this.line.received(bytes, bytes.length)
      })
    }
  }

  /** The peer has finished sending. */
  finish(): void {
    this.#arrive(() => {
      this.#finished = true
      this.line.ended()
      this.#closeWhenDone()
    })
  }

  /** The system takes all that was written. */
  drain(): void {
    const all = this.written.reduce((sum, bytes) => sum + bytes.length, 0)
    const taken = all - this.#drained
    this.#drained = all
    this.line.written(taken)
  }

  size(packet: Uint8Array): number {
    return packet.length
  }

  write(packet: Uint8Array): void {
    this.given.push(packet)
    this.written.push(new Uint8Array(packet))
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    for (let next = this.#next(); next !== undefined; next = this.#next()) next()
  }

  end(): void {
    this.ended = true
    this.#closeWhenDone()
  }

  destroy(): void {
    this.destroyed = true
    this.line.closed()
  }

  #next(): (() => void) | undefined {
    return this.paused ? undefined : this.#waiting.shift()
  }

  #arrive(event: () => void): void {
    if (this.paused) this.#waiting.push(event)
    else event()
  }

  #closeWhenDone(): void {
    if (this.ended && this.#finished) this.line.closed()
  }
}

/** A dial whose wire the test plays: it is there, and open, once the stream is subscribed to. */
export function dialled(options: ConnectionOptions & { readonly copies?: number } = {}): {
  readonly stream: Observable<ConnectionEvent>
  readonly wire: () => ByteWire
} {
  const { copies, ...rest } = options
  let wire: ByteWire | undefined
  const stream = dial({ address: 'peer' }, rest, line => {
    wire = new ByteWire(line, copies)
    return wire
  })
  return { stream, wire: () => present(wire) }
}

/** A listening stream that accepts when the test says so; the wires of its connections are open at once. */
export function bound(options: ConnectionOptions = {}): {
  readonly stream: Observable<ConnectionEvent>
  readonly accept: () => ByteWire
  readonly close: () => void
} {
  let accept: (() => ByteWire) | undefined
  let close: (() => void) | undefined
  const stream = bind(options, host => {
    accept = () => {
      let wire: ByteWire | undefined
      host.accept(line => (wire = new ByteWire(line)))
      const accepted = present(wire)
      accepted.line.opened()
      return accepted
    }
    close = () => {
      host.closed()
    }
    return () => undefined
  })
  return { stream, accept: () => present(accept)(), close: () => present(close)() }
}

/**
 * What a stream has told, in a form that is easy to compare: `open`, `packet one`, `close error ERR_FRAME_TOO_LONG`.
 */
export function story<E extends { readonly type: string }>(events: readonly E[]): string[] {
  return events.map(event => {
    const { type, packet, size, reason, error } = event as unknown as Partial<Record<string, unknown>> & {
      type: string
    }
    if (type === 'packet') return `packet ${shown(packet)}`
    if (type === 'skipped') return `skipped ${String(size)}`
    if (type === 'close') return `close ${String(reason)}${error === undefined ? '' : ` ${codeOf(error)}`}`
    return type
  })
}

/** The code of an error, or its message if it has none. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  return code ?? message
}

export function codeOf(error: unknown): string {
  return String((error as { code?: unknown }).code)
}

export type Told<Out> = { readonly type: string; readonly connection?: Connection<Out> }

function shown(packet: unknown): string {
  return packet instanceof Uint8Array ? Buffer.from(packet).toString('latin1') : String(packet)
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing has subscribed yet')
  return value
}
