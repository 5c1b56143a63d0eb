import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { laws, memory, type Candidate, type Law, type MemoryOptions } from 'sluice/testing'
import { lawBreakers, unspoilt } from '../support/law-breakers.js'

/** The ways in which a network in memory can be. */
const networks: Readonly<Record<string, MemoryOptions>> = {
  'without delay': {},
  'with latency': { latency: 1, window: 1024 * 1024 },
  'in small chunks of any size': { latency: 1, jitter: 1, chunk: [1, 1500], window: 1024 * 1024 },
}

for (const [how, options] of Object.entries(networks)) {
  describe(`memory ${how}, by the laws`, () => {
    for (const { law, name, run } of laws) it(`law ${law}: ${name}`, () => run(inMemory(options)))
  })
}

describe('The laws', () => {
  it('have cases of each of the thirteen, and no two of the same name', () => {
    expect([...new Set(laws.map(({ law }) => law))]).to.deep.equal(Array.from({ length: 13 }, (_, index) => index + 1))
    expect(new Set(laws.map(({ name }) => name)).size).to.equal(laws.length)
  })

  for (const { law, how, spoil } of lawBreakers) {
    it(`find a transport that breaks law ${law}: it ${how}`, async () => {
      const cases = laws.filter(each => each.law === law)
      let found = false
      for (const each of cases) found ||= await finds(each, spoil(inMemory({})))
      expect(found).to.equal(true)
    })
  }

  it('find nothing in a transport that is wrapped as those are, and not spoilt', async () => {
    for (const { run } of laws) await run(unspoilt(inMemory({})))
  })
})

function inMemory(options: MemoryOptions): Candidate {
  const net = memory(options)
  return {
    listen: place => net.listen({ port: 0, ...place }),
    connect: ({ port = 0 }, target) => net.connect({ port, ...target }),
    open: () => net.open,
    flood: 4 * 1024 * 1024,
  }
}

/**
 * Whether a case finds something. One that waits for what never comes is given up; if it was only slow, too much is
 * found.
 */
async function finds({ run }: Law, candidate: Candidate): Promise<boolean> {
  const patience = new AbortController()
  const waits = setTimeout(200, true, { signal: patience.signal })
  const fails = run(candidate).then(
    () => false,
    () => true,
  )
  const found = await Promise.race([fails, waits])
  waits.catch(() => undefined)
  patience.abort()
  return found
}
