// The other end of an echo, lean enough to leave the server the bottleneck: requests are built once, what arrives is
// read into one buffer and counted, and as many requests go out as answers have come in.

import { connect as connectTcp, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Shape {
  readonly port: number
  readonly connections: number
  /** How many requests each connection has outstanding. */
  readonly depth: number
  readonly request: Uint8Array
  /** What answers a request. Default: the request. */
  readonly reply?: Uint8Array
  readonly secure?: boolean
  /** What is said first on every connection; it is answered by a head of HTTP. */
  readonly preamble?: Uint8Array
}

export interface Run {
  /** Answers per second, while requests were sent. */
  readonly rate: number
  /** All answers, those too that came in when no more requests were sent. */
  readonly answers: number
  /** How long the whole took, in milliseconds. */
  readonly elapsed: number
}

const sessions = new Map<number, Session>()

/** Connects, and runs once with every byte of the answers compared; answers the id of the session. */
export async function open(shape: Shape, warmUp: number): Promise<number> {
  const session = new Session(shape)
  await session.connect()
  session.compares = true
  await session.run(warmUp)
  session.compares = false
  const id = sessions.size + 1
  sessions.set(id, session)
  return id
}

export function run(id: number, ms: number): Promise<Run> | undefined {
  return sessions.get(id)?.run(ms)
}

export function close(id: number): void {
  sessions.get(id)?.close()
}

class Session {
  readonly shape: Shape
  readonly reply: Uint8Array
  /** As many requests as a connection may have to send at once. */
  readonly requests: readonly Buffer[]
  readonly expected: Buffer
  compares = false
  sending = false
  answers = 0
  outstanding = 0
  #callers: Caller[] = []
  #idle: (() => void) | undefined
  #failed: ((error: Error) => void) | undefined

  constructor(shape: Shape) {
    const { request, reply = request, depth } = shape
    this.shape = shape
    this.reply = reply
    const all = Buffer.concat(Array.from({ length: depth }, () => request))
    this.requests = Array.from({ length: depth + 1 }, (_, count) => all.subarray(0, count * request.length))
    const times = Math.ceil((buffer.length + reply.length) / reply.length)
    this.expected = Buffer.concat(Array.from({ length: times }, () => reply))
  }

  async connect(): Promise<void> {
    // A hundred at a time: more would not fit into the queue of a server that is not ready for them.
    while (this.#callers.length < this.shape.connections) {
      const missing = Math.min(100, this.shape.connections - this.#callers.length)
      this.#callers.push(...(await Promise.all(Array.from({ length: missing }, () => dial(this)))))
    }
  }

  async run(ms: number): Promise<Run> {
    const done = new Promise<void>((resolve, reject) => {
      this.#idle = resolve
      this.#failed = reject
    })
    const start = performance.now()
    this.answers = 0
    this.sending = true
    for (const caller of this.#callers) caller.ask(this.shape.depth)
    let rate = 0
    setTimeout(() => {
      rate = (this.answers / (performance.now() - start)) * 1000
      this.sending = false
    }, ms)
    await done
    return { rate, answers: this.answers, elapsed: performance.now() - start }
  }

  quiet(): void {
    this.#idle?.()
  }

  fail(error: Error): void {
    this.#failed?.(error)
  }

  close(): void {
    for (const caller of this.#callers) caller.close()
    this.#callers = []
  }
}

/** All connections read into the same memory: it is looked at before the next read. */
const buffer = Buffer.allocUnsafe(256 * 1024)

class Caller {
  readonly #session: Session
  readonly #socket: Socket
  /** How many bytes of an answer have arrived. */
  #part = 0
  #closed = false

  constructor(session: Session, socket: Socket) {
    this.#session = session
    this.#socket = socket
    socket.setNoDelay()
    socket.on('error', error => {
      session.fail(error)
    })
    socket.on('close', () => {
      if (!this.#closed) session.fail(new Error('the server has closed a connection'))
    })
  }

  ask(count: number): void {
    this.#session.outstanding += count
    this.#socket.write(this.#session.requests[count] ?? Buffer.alloc(0))
  }

  read(bytes: Uint8Array, size: number): void {
    const session = this.#session
    const { length } = session.reply
    if (session.compares && session.expected.compare(bytes, 0, size, this.#part, this.#part + size) !== 0)
      session.fail(new Error('the server has answered something else'))
    const sum = this.#part + size
    const answers = Math.floor(sum / length)
    if (answers === 0) {
      this.#part = sum
      return
    }
    this.#part = sum - answers * length
    session.answers += answers
    session.outstanding -= answers
    if (session.sending) this.ask(answers)
    else if (session.outstanding === 0) session.quiet()
  }

  close(): void {
    this.#closed = true
    this.#socket.destroy()
  }
}

function dial(session: Session): Promise<Caller> {
  const { port, secure = false, preamble } = session.shape
  return new Promise((resolve, reject) => {
    const socket = secure ? secureSocket(port, read) : plainSocket(port, read)
    const caller = new Caller(session, socket)
    let waits = preamble !== undefined
    function read(bytes: Uint8Array, size: number): void {
      if (!waits) {
        caller.read(bytes, size)
        return
      }
      const head = Buffer.from(bytes.buffer, bytes.byteOffset, size)
      waits = !head.subarray(-END_OF_HEAD.length).equals(END_OF_HEAD)
      if (!waits) resolve(caller)
    }
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      if (preamble === undefined) resolve(caller)
      else socket.write(preamble)
    })
    socket.once('error', reject)
  })
}

/** Nothing follows it before we have asked something. */
const END_OF_HEAD = Buffer.from('\r\n\r\n')

type Read = (bytes: Uint8Array, size: number) => void

function plainSocket(port: number, read: Read): Socket {
  const callback = (size: number) => {
    read(buffer, size)
    return true
  }
  return connectTcp({ port, host: '127.0.0.1', onread: { buffer, callback } })
}

function secureSocket(port: number, read: Read): Socket {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  return socket.on('data', (bytes: Buffer) => {
    read(bytes, bytes.length)
  })
}
