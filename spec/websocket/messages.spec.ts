import { expect } from 'chai'
import { toArray, of } from 'rxjs'
import { messages, type ControlMessage, type Message } from 'sluice/websocket'
import { recordingConnection } from 'sluice/testing'

describe('messages', () => {
  it('keeps texts and bytes, and nothing else', () => {
    const connection = recordingConnection<Message>()
    const packet = (packet: Message | ControlMessage) => ({ type: 'packet', connection, packet }) as const
    const data = Uint8Array.of(1)
    const stream = of(
      { type: 'open', connection, session: 1 } as const,
      packet('a'),
      packet({ type: 'ping', data }),
      packet(data),
      packet({ type: 'pong', data }),
      packet(''),
      { type: 'close', connection, reason: 'remote', bytesUnsent: 0 } as const,
    )
    stream.pipe(messages(), toArray()).subscribe(all => {
      expect(all).to.deep.equal(['a', data, ''])
    })
  })
})
