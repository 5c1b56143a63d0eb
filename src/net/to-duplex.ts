import { Duplex } from 'node:stream'
import { Subscription } from 'rxjs'
import type { Connection } from '../connection/connection.js'
import { asError, SluiceError } from '../connection/errors.js'
import type { ByteEvent, ConnectionEvent, ConnectionStream } from '../connection/event.js'

type Done = (error?: Error | null) => void

/** A write, or the end, that can't go on now. */
interface Waiting {
  readonly goOn: () => void
  readonly done: Done
}

/**
 * Makes a Node duplex of a dialling stream, for code that knows only streams. It subscribes at once.
 *
 * Backpressure holds in both directions; writes wait until the connection is open, and fail with `ERR_NOT_OPEN` when it has ended. `end()`
 * half-closes. `destroy()` unsubscribes: what was written is still flushed, within the close deadline; `destroy(error)` aborts. The peer's
 * end ends the readable side: what was written before it still goes out, and more with `halfOpen`. A close with an error is the duplex's
 * `error`.
 *
 * @example
 * ```ts
 * pipeline(toDuplex(tcp.connect({ port: 4000 })), createGunzip(), process.stdout, console.error)
 * ```
 */
export function toDuplex(stream: ConnectionStream<ByteEvent>): Duplex {
  const subscription = new Subscription()
  let connection: Connection | undefined
  let hold: Subscription | undefined
  /** Held for what was written before the peer's end (law 12). */
  let unwritten: Subscription | undefined
  let waiting: Waiting | undefined
  let destroyed: Done | undefined
  let over = false

  const duplex = new Duplex({
    read() {
      const held = hold
      hold = undefined
      held?.unsubscribe()
    },
    write(chunk: Uint8Array, _encoding, done) {
      write(chunk, done)
    },
    final(done) {
      end(done)
    },
    destroy(error, done) {
      if (error !== null) connection?.destroy(error)
      else if (duplex.writableFinished && duplex.readableEnded && !over) {
        destroyed = done // Both sides are done with: what is left is the flush.
        return
      }
      subscription.unsubscribe()
      done(error)
      giveUp(error ?? notOpen())
    },
  })

  function isOpening(): boolean {
    return !over && (connection === undefined || connection.state === 'connecting')
  }

  function write(chunk: Uint8Array, done: Done): void {
    if (isOpening()) wait(done, () => write(chunk, done))
    else if (connection?.send(chunk) === true) wrote(done)
    else if (connection?.state === 'open') wait(done, () => (isLost() ? done(notOpen()) : wrote(done)))
    else if (connection?.state === 'closed' && !over)
      wait(done, () => done(notOpen())) // Its close may tell another reason.
    else done(notOpen())
  }

  function wrote(done: Done): void {
    done()
    if (duplex.writableLength === 0) unwritten?.unsubscribe()
  }

  function isLost(): boolean {
    return connection?.state === 'closed' && connection.bufferedAmount > 0
  }

  function end(done: Done): void {
    if (isOpening()) wait(done, () => end(done))
    else {
      connection?.end()
      done()
    }
  }

  function wait(done: Done, goOn: () => void): void {
    waiting = { goOn, done }
  }

  function goOn(): void {
    const next = waiting
    waiting = undefined
    next?.goOn()
  }

  /** Node itself tells those behind the one that waits. */
  function giveUp(error: Error): void {
    const given = waiting
    waiting = undefined
    given?.done(error)
  }

  function hear(told: ByteEvent): void {
    const event = told as ConnectionEvent
    const { type } = event
    if (type === 'connecting') ({ connection } = event)
    else if (type === 'open') {
      ;({ connection } = event)
      goOn()
    } else if (type === 'packet') {
      if (!duplex.push(event.packet)) hold ??= event.connection.pause()
    } else if (type === 'drain') goOn()
    else if (type === 'end') {
      if (event.connection.state === 'open' && duplex.writableLength > 0) unwritten = event.connection.pause()
      duplex.push(null)
    }
  }

  function close(error: Error | null): void {
    over = true
    if (destroyed !== undefined) destroyed(error)
    else if (error !== null) duplex.destroy(error)
    else {
      goOn()
      duplex.push(null)
      duplex.end()
    }
  }

  subscription.add(
    stream.subscribe({
      next: hear,
      error(thrown: unknown) {
        close(asError(thrown))
      },
      complete() {
        close(null)
      },
    }),
  )
  return duplex
}

function notOpen(): SluiceError {
  return new SluiceError('ERR_NOT_OPEN', 'the connection has ended')
}
