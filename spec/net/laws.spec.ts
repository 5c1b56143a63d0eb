import { laws, type Candidate } from 'sluice/testing'
import { closeAll } from '../support/net/closing.js'
import { Duplexes } from '../support/net/duplexes.js'
import { overStartedTls, overTls12, pairings, type Pairing } from '../support/net/pairs.js'
import { resources } from '../support/net/resources.js'

const MiB = 1024 * 1024

for (const pairing of [...pairings, overTls12, overStartedTls]) {
  describe(`${pairing.name}, by the laws`, () => {
    afterEach(closeAll)
    for (const { law, name, run } of laws) it(`law ${law}: ${name}`, () => run(candidateOf(pairing)))
  })
}

describe('Node duplexes, by the laws', () => {
  for (const { law, name, run } of laws) it(`law ${law}: ${name}`, () => run(ofDuplexes()))
})

function candidateOf({ listen, connect, resets }: Pairing): Candidate {
  return { listen, connect, resets, open: handles }
}

/** A duplex that is destroyed looks to the other one as if it had ended. */
function ofDuplexes(): Candidate {
  const net = new Duplexes()
  return {
    listen: options => net.listen(options),
    connect: (to, options) => net.connect(to, options),
    open: () => net.open,
    flood: 4 * MiB,
    resets: false,
  }
}

/** Sockets, servers and what is secure on top of a socket. */
function handles(): number {
  return Object.entries(resources())
    .filter(([kind]) => /^(TCP|Pipe|TLS)/.test(kind))
    .reduce((sum, [, count]) => sum + count, 0)
}
