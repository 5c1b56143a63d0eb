import { expect } from 'chai'
import { dial, type Connection, type ConnectionEvent, type ConnectionOptions, type Line } from 'sluice'
import { FakeWire } from '../support/fake-wire.js'

describe('A link', () => {
  describe('and its wire', () => {
    it('starts to read when it has one', () => {
      expect(dialled().wire.asked).to.deep.equal(['resume'])
    })

    it('does not start to read while paused', () => {
      const { wire } = dialled({}, event => {
        if (event.type === 'connecting') event.connection.pause()
      })
      expect(wire.asked).to.deep.equal(['pause'])
    })

    it('stops to read while a packet waits for its turn to be told, and goes on behind it', () => {
      const told: string[] = []
      const { wire, line } = dialled({}, event => {
        if (event.type === 'packet') told.push(event.packet)
        if (told.length !== 1) return
        line.received('b', 1)
        told.push(...wire.asked)
      })
      line.opened()
      line.received('a', 1)
      expect(told).to.deep.equal(['a', 'resume', 'pause', 'b'])
      expect(wire.asked).to.deep.equal(['resume', 'pause', 'resume'])
    })
  })
})

type Event = ConnectionEvent<string, Connection<string>>

/** A dial over a fake wire, with what it has told so far. */
function dialled(options: ConnectionOptions = {}, onEvent: (event: Event) => void = () => {}) {
  const wires: FakeWire[] = []
  const events: Event[] = []
  const subscription = dial<string, string>({ address: 'far' }, options, (line: Line<string>) => {
    const wire = new FakeWire(line)
    wires.push(wire)
    return wire
  }).subscribe({
    next: event => {
      events.push(event)
      onEvent(event)
    },
    error: () => {},
  })
  const [wire] = wires
  if (wire === undefined) throw new Error('not dialled')
  return { wire, line: wire.line, events, subscription }
}
