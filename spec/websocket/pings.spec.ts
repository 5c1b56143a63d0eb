import { expect } from 'chai'
import { Observable } from 'rxjs'
import { heartbeat, type Connection, type ConnectionEvent } from 'sluice'
import { isControl, pings, type ControlMessage, type Message } from 'sluice/websocket'
import { memory, recordingConnection } from 'sluice/testing'
import { diary } from '../support/diary.js'
import { webSocketPair } from '../support/websocket/in-memory.js'

type Came = Message | ControlMessage
type Events = ConnectionEvent<Came, Connection<Came>>

/** What is told of a peer who answers so many pings, after four milliseconds each, whose pongs are told only with `control`. */
function told(answers: number, control: boolean): readonly string[] {
  return diary(({ watch, write, at, scheduler }) => {
    const connection = recordingConnection<Came>()
    const peer = new Observable<Events>(subscriber => {
      const pong = () => {
        connection.bytesRead += 2
        if (control) subscriber.next({ type: 'packet', connection, packet: { type: 'pong', data: new Uint8Array() } })
      }
      connection.asked.subscribe(call => {
        if (call.call === 'send') write(isControl(call.packet) ? call.packet.type : 'message')
        else write(call.call)
        if (call.call === 'send' && answers-- > 0) at(4, pong)
        if (call.call === 'destroy') subscriber.error(call.error)
      })
      subscriber.next({ type: 'open', connection, session: 1 })
    })
    watch(peer.pipe(heartbeat({ ...pings, interval: 80, timeout: 40, random: () => 0 })), 250, event => {
      if (event.type === 'heartbeat') write(`round trip ${event.roundTrip}`)
      else if (event.type !== 'open') write(event.type)
    })
    expect(scheduler.now()).to.equal(0)
  })
}

describe('pings', () => {
  it('tell the round trip of each where pongs are told', () => {
    expect(told(9, true)).to.deep.equal([
      '80 ping',
      '84 round trip 4',
      '160 ping',
      '164 round trip 4',
      '240 ping',
      '244 round trip 4',
    ])
  })

  it('are answered by a pong that is not told', () => {
    expect(told(9, false)).to.deep.equal(['80 ping', '160 ping', '240 ping'])
  })

  it('that nobody answers are the end', () => {
    for (const control of [true, false])
      expect(told(0, control)).to.deep.equal(['80 ping', '120 destroy', '120 error ERR_HEARTBEAT_TIMEOUT'])
  })

  for (const role of ['client', 'server'] as const) {
    describe(`of a ${role}, over frames`, () => {
      const beating = (control: boolean, cutAt = Infinity) =>
        diary(({ watch, write, at }) => {
          const net = memory({ latency: 3 })
          const ends = webSocketPair(net, { control })
          const peer = role === 'client' ? 'server' : 'client'
          const beat = heartbeat<Events>({ ...pings, interval: 80, timeout: 40, random: () => 0 })
          const streams = [
            () => {
              watch(ends[role].pipe(beat), 260, event => {
                if (event.type === 'heartbeat') write(`round trip ${event.roundTrip}`)
                if (event.type === 'packet' || event.type === 'close') write(event.type)
              })
            },
            () => {
              watch(ends[peer], 260, event => {
                if (event.type === 'packet') write(`the peer is told a ${(event.packet as ControlMessage).type}`)
              })
            },
          ]
          for (const subscribe of role === 'server' ? streams : streams.reverse()) subscribe()
          if (cutAt !== Infinity)
            at(cutAt, () => {
              net.cut('client', 'server')
            })
        })
      // The client has opened after a round trip, the server after half of one.
      const [opened, again] = role === 'client' ? [6, 171] : [3, 168]

      it('are answered, and tell the round trip', () => {
        expect(beating(true).slice(0, 4)).to.deep.equal([
          `${opened + 83} the peer is told a ping`,
          `${opened + 86} round trip 6`,
          `${again + 3} the peer is told a ping`,
          `${again + 6} round trip 6`,
        ])
      })

      it('are answered by what is not told', () => {
        expect(beating(false)).to.deep.equal([])
      })

      it('find a peer that is gone', () => {
        expect(beating(true, 10)).to.deep.equal([
          `${opened + 120} close`,
          `${opened + 120} error ERR_HEARTBEAT_TIMEOUT`,
        ])
      })
    })
  }

  it('take for a pong nothing else', () => {
    const data = new Uint8Array()
    for (const packet of ['pong', data, { type: 'ping', data }, { type: 'pong' }, undefined])
      expect(pings.isPong(packet)).to.equal(false)
    expect(pings.isPong({ type: 'pong', data })).to.equal(true)
  })
})
