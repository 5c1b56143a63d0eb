import { laws, memory, type MemoryOptions, type Candidate } from 'sluice/testing'

/** The ways in which a network in memory can be. */
const networks: Readonly<Record<string, MemoryOptions>> = {
  'without delay': {},
  'with latency': { latency: 1, window: 1024 * 1024 },
  'in small chunks of any size': { latency: 1, jitter: 1, chunk: [1, 1500], window: 1024 * 1024 },
}

for (const [how, options] of Object.entries(networks)) {
  describe(`memory ${how}, by the laws`, () => {
    for (const { law, name, run } of laws) it(`law ${law}: ${name}`, () => run(candidate(options)))
  })
}

function candidate(options: MemoryOptions): Candidate {
  const net = memory(options)
  return {
    listen: place => net.listen({ port: 0, ...place }),
    connect: ({ port = 0 }, target) => net.connect({ port, ...target }),
    open: () => net.open,
    flood: 4 * 1024 * 1024,
  }
}
