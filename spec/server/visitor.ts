import type { Connection } from 'sluice'
import { framed, lines } from 'sluice/framing'
import type { MemoryNetwork } from 'sluice/testing'

/** Somebody who has dialled a server in memory, and what came of it. */
export class Visitor {
  readonly got: string[] = []
  /** What the close said. */
  ended: string | undefined
  connection: Connection<string> | undefined

  constructor(net: MemoryNetwork, port = 1, host = 'visitor') {
    net
      .host(host)
      .connect({ host: 'localhost', port })
      .pipe(framed(lines()))
      .subscribe({
        next: event => {
          if (event.type === 'open') this.connection = event.connection
          else if (event.type === 'packet') this.got.push(event.packet)
          else if (event.type === 'close') this.ended = codeOf(event.error) ?? event.reason
        },
        error: () => undefined,
      })
  }

  says(line: string): this {
    this.connection?.send(line)
    return this
  }

  leaves(): void {
    this.connection?.close()
  }
}

/** So many visitors, in the order in which they came. */
export function visitors(count: number, net: MemoryNetwork, port?: number): Visitor[] {
  return Array.from({ length: count }, () => new Visitor(net, port))
}

export function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string } | undefined)?.code
}
