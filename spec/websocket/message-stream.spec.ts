import { expect } from 'chai'
import { concat, NEVER, of, Subject } from 'rxjs'
import type { Connection, ConnectionEvent } from 'sluice'
import { json, text, type ControlMessage, type Message } from 'sluice/websocket'
import { recordingConnection } from 'sluice/testing'
import { group } from 'sluice/pool'
import { encoder, sendEncoded, type Encoder } from '#src/connection/encoded.js'
import { handOver } from '#src/connection/handover.js'
import { growth } from '../support/growth.js'
import { run } from '../support/run.js'
import { asked, played } from '../support/websocket/played.js'

const ping: ControlMessage = { type: 'ping', data: Uint8Array.of(7) }

describe('An operator over messages', () => {
  it('tells what messages mean, and passes all other events', () =>
    run(({ cold, expectEvents }) => {
      const dial = cold('               c-o-a-n-(de)-b-(x|)', { n: { type: 'news' } })
      expectEvents(dial.pipe(text())).toBe('c-o-a-n-(de)-b-(x|)', { n: { type: 'news' } })
      expectEvents(cold('c-(x#)').pipe(text())).toBe('c-(x#)')
      expectEvents(cold('|').pipe(text())).toBe('|')
    }))

  it('gives each connection one handle, which all of its events carry', () =>
    run(({ cold }) => {
      const handles = new Map<string, Set<unknown>>()
      cold(['co-a--d-e-(x|)', '-co-b-(x)'])
        .pipe(text())
        .subscribe({
          next(event) {
            if (!('connection' in event)) return
            const { connection } = event
            handles.set(connection.id, (handles.get(connection.id) ?? new Set()).add(connection))
          },
          complete() {
            expect([...handles.values()].map(({ size }) => size)).to.deep.equal([1, 1])
          },
        })
    }))

  it('ends a connection at the first message that is not understood, and tells none of those behind it', () => {
    const { receive, events, inner, packets, told } = played(text())
    receive('one')
    receive(Uint8Array.of(2))
    receive('three')
    receive(Uint8Array.of(4))
    events.next({ type: 'end', connection: inner })
    events.next({ type: 'close', connection: inner, reason: 'error', bytesUnsent: 0 })
    expect(packets).to.deep.equal(['one'])
    expect(told).to.deep.equal(['packet one', 'close error'])
    expect(asked(inner)).to.deep.equal(['destroy ERR_MESSAGE_KIND'])
  })

  it('does so to that connection and to no other', () => {
    const { receive, events, packets } = played(text())
    receive(Uint8Array.of(1))
    const other = recordingConnection<Message | ControlMessage>()
    events.next({ type: 'packet', connection: other, packet: 'hello' })
    expect(packets).to.deep.equal(['hello'])
    expect(other.calls).to.deep.equal([])
  })

  it('leaves out pings and pongs', () => {
    const { receive, inner, told } = played(text())
    receive(ping)
    receive({ ...ping, type: 'pong' })
    expect(told).to.deep.equal([])
    expect(asked(inner)).to.deep.equal([])
  })

  it('keeps of a WebSocket its protocol, what is known of it, and the words that it closes with', () => {
    const { inner, connection } = played(text())
    inner.protocol = 'chat'
    const context = { user: 'ada' }
    Object.assign(inner, { context })
    expect(Reflect.get(connection, 'context')).to.equal(context)
    expect(connection.protocol).to.equal('chat')
    connection.close({ code: 4000, detail: 'bye' })
    expect(asked(inner)).to.deep.equal([{ code: 4000, detail: 'bye' }])
  })

  it('has no protocol over anything else', () => {
    expect(played(text()).connection.protocol).to.equal('')
  })

  it('says what is for all once, where the connections beneath share their bytes', () => {
    const said: unknown[] = []
    const frames: Encoder<Message> = {
      encode(message, write) {
        said.push(message)
        write(Buffer.from(`frame ${String(message)}`))
      },
    }
    const sent: string[] = []
    const open = () => {
      const connection = Object.assign(recordingConnection<Message>(), {
        [encoder]: frames,
        [sendEncoded]: (pieces: readonly Uint8Array[]) => sent.push(Buffer.concat(pieces).toString()) > 0,
      })
      return { type: 'open', connection, session: 1 } as const
    }
    const room = group(concat(of(open(), open()), NEVER).pipe(json()))
    const subscription = room.subscribe()
    expect(room.broadcast({ a: 1 })).to.deep.equal({ taken: 2, missed: 0 })
    expect(said).to.deep.equal(['{"a":1}'])
    expect(sent).to.deep.equal(['frame {"a":1}', 'frame {"a":1}'])
    subscription.unsubscribe()
  })

  it('hands over no wire of bytes', () => {
    expect(handOver(played(text()).connection)).to.equal(undefined)
  })

  it('keeps nothing of a connection that has closed', () => {
    const source = new Subject<ConnectionEvent<string, Connection<string>>>()
    const subscription = source.pipe(text()).subscribe()
    const grown = growth(() => {
      const connection = recordingConnection<string>()
      source.next({ type: 'open', connection, session: 1 })
      source.next({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
    })
    subscription.unsubscribe()
    expect(grown).to.be.below(50)
  }).timeout(60_000)
})
