import { expect } from 'chai'
import { Subject } from 'rxjs'
import type { ConnectionEvent } from 'sluice'
import { recordingConnection } from 'sluice/testing'
import { inTurn } from '#src/connection/in-turn.js'
import { Outlet } from '#src/connection/outlet.js'

describe('What is passed on in turn', () => {
  const connection = recordingConnection()
  const packet = (byte: number): ConnectionEvent => ({ type: 'packet', connection, packet: Uint8Array.of(byte) })

  /** Passes on an event that causes others, and tells in which order all of them came and what was paused meanwhile. */
  function caused(by: ConnectionEvent, others: readonly ConnectionEvent[]): unknown[] {
    const outlet = new Outlet<never>(new Subject<never>())
    const told: unknown[] = []
    const sharer = {
      pass: (event: ConnectionEvent) => {
        told.push([event.type, connection.paused])
        if (event === by) {
          for (const other of others) inTurn(outlet, other, sharer)
          told.push('returned')
        }
      },
    }
    inTurn(outlet, by, sharer)
    told.push(connection.paused)
    return told
  }

  it('is so at once while nothing else is told, and without a pause', () => {
    expect(caused(packet(1), [])).to.deep.equal([['packet', false], 'returned', false])
  })

  it('waits for what caused it', () => {
    expect(caused(packet(1), [{ type: 'drain', connection }])).to.deep.equal([
      ['packet', false],
      'returned',
      ['drain', false],
      false,
    ])
  })

  for (const type of ['packet', 'end'] as const) {
    it(`has its connection paused while it waits, if it is of what arrives: ${type}`, () => {
      const event: ConnectionEvent = type === 'packet' ? packet(2) : { type, connection }
      expect(caused(packet(1), [event])).to.deep.equal([['packet', false], 'returned', [type, true], false])
    })
  }
})
