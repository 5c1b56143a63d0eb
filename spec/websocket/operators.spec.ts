import { pipe, type OperatorFunction } from 'rxjs'
import type { ConnectionEvent } from 'sluice'
import { binary, json, text } from 'sluice/websocket'
import { framed, raw } from 'sluice/framing'
import { laws, memory, type Candidate } from 'sluice/testing'
import { Language } from '#src/websocket/language.js'
import { spoken } from '#src/websocket/message-stream.js'
import type { Message } from '#src/websocket/message.js'

type Operator = OperatorFunction<ConnectionEvent, ConnectionEvent>

const latin = (bytes: Message) => {
  if (!(bytes instanceof Uint8Array)) throw new TypeError('these are no bytes')
  return Buffer.from(bytes).toString('latin1')
}
const bytes = (latin: string) => new Uint8Array(Buffer.from(latin, 'latin1'))

/** Bytes as other messages, and other messages as bytes: what stands on both sides of an operator that has no bytes. */
function between<From, To>(there: (message: From) => To, back: (packet: To) => From) {
  return spoken(
    new Language(
      message => there(message as From),
      (packet: To) => back(packet) as Message,
    ),
  )
}

/** Each operator as it leaves the bytes what they are. */
const operators: Readonly<Record<string, () => unknown>> = {
  binary: () => binary(),
  'binary and a codec': () => pipe(binary<ConnectionEvent>(), framed(raw())),
  text: () => pipe(between(latin, bytes), text() as never, between(bytes, latin)),
  json: () =>
    pipe(
      between<Message, string>(
        message => JSON.stringify(latin(message)),
        json => bytes(JSON.parse(json) as string),
      ),
      json() as never,
      between(bytes, latin),
    ),
}

for (const [operator, made] of Object.entries(operators)) {
  describe(`${operator}, by the laws`, () => {
    for (const { law, name, run } of laws) it(`law ${law}: ${name}`, () => run(through(made() as Operator)))
  })
}

/** A network of which each stream goes through an operator. */
function through(operator: Operator): Candidate {
  const net = memory()
  return {
    listen: options => net.listen({ port: 0, ...options }).pipe(operator),
    connect: ({ port = 0 }, options) => net.connect({ port, ...options }).pipe(operator),
    open: () => net.open,
    flood: 4 * 1024 * 1024,
    operator: operator as Candidate['operator'] & object,
  }
}
