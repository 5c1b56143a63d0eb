import { group } from 'sluice/pool'
import { laws, memory, type Candidate } from 'sluice/testing'

/** A network of which each stream is a group. */
function grouped(): Candidate {
  const net = memory()
  return {
    listen: options => group(net.listen({ port: 0, ...options })),
    connect: ({ port = 0 }, options) => group(net.connect({ port, ...options })),
    open: () => net.open,
    flood: 4 * 1024 * 1024,
  }
}

/** But for that: a group is there so that it does not. */
const cold = /^subscribing twice/

describe('A group, by the laws', () => {
  for (const { law, name, run } of laws) if (!cold.test(name)) it(`law ${law}: ${name}`, () => run(grouped()))
})
