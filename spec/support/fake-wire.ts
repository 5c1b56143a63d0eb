import type { Subscription } from 'rxjs'
import { dial, type Connection, type ConnectionEvent, type ConnectionOptions, type Line, type Wire } from 'sluice'

/** A wire of strings that does nothing of its own accord: it keeps what it was asked, and the test plays the system. */
export class FakeWire implements Wire<string> {
  readonly line: Line<string>
  readonly asked: string[] = []
  readonly local = { address: 'here', port: 1 }
  readonly remote = { address: 'there', port: 2 }
  readonly tls = undefined

  constructor(line: Line<string>) {
    this.line = line
  }

  size(packet: string): number {
    if (packet === 'unsendable') throw new TypeError('unsendable')
    return packet.length
  }

  write(packet: string): void {
    this.asked.push(`write ${packet}`)
  }

  pause(): void {
    this.asked.push('pause')
  }

  resume(): void {
    this.asked.push('resume')
  }

  end(): void {
    this.asked.push('end')
  }

  destroy(): void {
    this.asked.push('destroy')
  }
}

/** A wire that does what systems do when they are asked to destroy. */
export class ObedientWire extends FakeWire {
  override destroy(): void {
    super.destroy()
    this.line.closed()
  }
}

export type FakeEvent = ConnectionEvent<string, Connection<string>>

/** A dial over a fake wire, and what it has told. */
export interface FakeDial {
  readonly wire: FakeWire
  readonly line: Line<string>
  readonly connection: Connection<string>
  /** A word or more for each event, and for the end of the stream. */
  readonly told: string[]
  readonly events: FakeEvent[]
  readonly subscription: Subscription
}

export function fakeDial(
  options: ConnectionOptions = {},
  onEvent: (event: FakeEvent, line: Line<string>) => void = () => {},
): FakeDial {
  const wires: FakeWire[] = []
  const events: FakeEvent[] = []
  const told: string[] = []
  const subscription = dial<string, string>({ address: 'asked for' }, options, line => {
    const wire = new ObedientWire(line)
    wires.push(wire)
    return wire
  }).subscribe({
    next(event) {
      events.push(event)
      told.push(words(event))
      const [wire] = wires
      if (wire !== undefined || event.type === 'connecting') onEvent(event, wire?.line as Line<string>)
    },
    error(error: unknown) {
      told.push(`error ${codeOf(error as Error)}`)
    },
    complete() {
      told.push('complete')
    },
  })
  const [wire] = wires
  const [first] = events
  if (wire === undefined || first?.type !== 'connecting') throw new Error('not dialled')
  return { wire, line: wire.line, connection: first.connection, told, events, subscription }
}

/** The same, when it has opened; `told` starts with what comes then. */
export function fakeOpen(
  options: ConnectionOptions = {},
  onEvent: (event: FakeEvent, line: Line<string>) => void = () => {},
): FakeDial {
  const dialled = fakeDial(options, onEvent)
  dialled.line.opened()
  dialled.told.splice(0, 2)
  dialled.wire.asked.splice(0, 1)
  return dialled
}

export function words(event: FakeEvent): string {
  if (event.type === 'packet') return `packet ${event.packet}`
  if (event.type !== 'close') return event.type
  const { reason, error, bytesUnsent } = event
  const because = error === undefined ? '' : ` ${codeOf(error)}`
  return `close ${reason}${because}${bytesUnsent === 0 ? '' : `, ${bytesUnsent} unsent`}`
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : error.message
}
