import type { Observable } from 'rxjs'
import type { Connection, ConnectionEvent, ConnectionStream, RetryEvent } from 'sluice'
import { reconnect } from 'sluice'
import { byId, inOrder, requests, respond, type Requester } from 'sluice/request'
import { expectType } from '../support/types.js'

interface Question {
  readonly id?: number
  readonly question: string
}

interface Reply {
  readonly id: number
  readonly reply: string
}

type Client = ConnectionEvent<Reply, Connection<Question>>
type Server = ConnectionEvent<Question, Connection<Reply>>

declare const lines: ConnectionStream<ConnectionEvent<string, Connection<string>>>
declare const client: ConnectionStream<Client>
declare const server: ConnectionStream<Server>

// A requester is the stream that it asks, and answers with what arrives in it.
const asked = requests(lines, inOrder({ last: line => line === 'END' }))
expectType<Requester<ConnectionEvent<string, Connection<string>>>>()(asked)
expectType<Observable<string>>()(asked.ask('one'))
expectType<Promise<string>>()(asked.promise('one', { timeout: 10, idempotent: true }))
expectType<number>()(asked.late)

// Rules know what arrives and what is sent, which may differ.
const questions = requests(
  client.pipe(reconnect([100])),
  byId({
    put(packet, id) {
      expectType<Question>()(packet)
      return { ...packet, id }
    },
    get(packet) {
      expectType<Reply>()(packet)
      return packet.id
    },
    cancel: id => ({ id, question: 'never mind' }),
    failed: ({ reply }) => (reply === '' ? new Error('no reply') : undefined),
  }),
  {
    select([first], { question }) {
      expectType<string>()(question)
      return first
    },
  },
)
expectType<Requester<Client | RetryEvent>>()(questions)
expectType<Observable<Reply>>()(questions.ask({ question: 'why' }))

// The other side, with its own.
const numbered = byId<Question, Reply>({ put: (packet, id) => ({ ...packet, id }), get: ({ id }) => id })
expectType<ConnectionStream<Server>>()(
  server.pipe(
    respond(
      numbered,
      (question, connection) => {
        expectType<Question>()(question)
        expectType<Connection<Reply>>()(connection)
        return [{ id: 0, reply: question.question }]
      },
      { failed: (error, { id = 0 }) => ({ id, reply: String(error) }) },
    ),
  ),
)
expectType<ConnectionStream<ConnectionEvent<string, Connection<string>>>>()(
  lines.pipe(respond(inOrder(), async line => Promise.resolve(line.toUpperCase()))),
)

// @ts-expect-error a number is no line
void asked.ask(7)

// @ts-expect-error what is answered is what the connections send
void lines.pipe(respond(inOrder(), () => [7]))

// @ts-expect-error the ids are in questions, which do not arrive here
void requests(client, byId<Question>({ put: packet => packet, get: ({ id }) => id }))
