import type { Line, Wire } from 'sluice'

/** A wire of strings that does nothing of its own accord: it keeps what it was asked, and the test plays the system with its `line`. */
export class FakeWire implements Wire<string> {
  readonly line: Line<string>
  readonly asked: string[] = []

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
