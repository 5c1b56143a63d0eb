import { expect } from 'chai'
import { asapScheduler, firstValueFrom, of, scheduled, timer } from 'rxjs'
import { perConnection } from 'sluice'
import { TestScheduler, type RunHelpers } from 'rxjs/testing'
import { memory, sameDiagram } from 'sluice/testing'
import { run } from './run.js'
import { virtualOnly } from './virtual-only.js'

describe('The guard of virtual time', () => {
  const realTime: Readonly<Record<string, () => unknown>> = {
    setTimeout: () => setTimeout(() => undefined, 0),
    setInterval: () => {
      clearInterval(setInterval(() => undefined, 1))
    },
    setImmediate: () => setImmediate(() => undefined),
    'process.nextTick': () => {
      process.nextTick(() => undefined)
    },
    queueMicrotask: () => {
      queueMicrotask(() => undefined)
    },
    'new Promise': () => new Promise(() => undefined),
    'Promise.resolve': () => Promise.resolve(),
    'an async function': async () => {
      await settled
    },
    'a then': () => settled.then(() => undefined),
    'a stream that becomes a promise': () => firstValueFrom(of(1)),
  }
  const settled = Promise.resolve()

  for (const [name, use] of Object.entries(realTime)) {
    it(`lets a test fail that uses ${name}`, () => {
      expect(() => virtualOnly(use)).to.throw(/^not in virtual time: /)
    })
  }

  it('says where', () => {
    let stack: string | undefined
    try {
      virtualOnly(function culprit() {
        setImmediate(() => undefined)
      })
    } catch (error) {
      stack = (error as Error).stack
    }
    expect(stack).to.include('culprit').and.include('virtual-only.spec.ts')
  })

  it('is over when the test is', () => {
    virtualOnly(() => 1)
    setImmediate(() => undefined)
  })

  it('passes on what the test answers and throws', () => {
    expect(virtualOnly(() => 'answer')).to.equal('answer')
    expect(() =>
      virtualOnly(() => {
        throw new Error('its own')
      }),
    ).to.throw('its own')
  })

  it('guards every run of a TestScheduler', () => {
    const inRun = (test: (helpers: RunHelpers) => void) => () => {
      new TestScheduler(sameDiagram).run(test)
    }
    expect(inRun(() => 1)).not.to.throw()
    expect(
      inRun(() => {
        queueMicrotask(() => undefined)
      }),
    ).to.throw(/^not in virtual time: queueMicrotask/)
    expect(
      inRun(() => {
        timer(5).subscribe(() => void Promise.resolve())
      }),
    ).to.throw(/^not in virtual time: a promise/)
  })

  it('has nothing against virtual time, in a whole network', () => {
    run(({ expectEvents }) => {
      const net = memory({ latency: 5, bandwidth: 1, chunk: [1, 3] })
      expectEvents(
        scheduled(net.listen({ port: 1 }), asapScheduler).pipe(perConnection(packets => packets)),
        '^ 60ms !',
      ).toBe('l 4ms o')
      expectEvents(net.connect({ port: 2, connectTimeout: 3 })).toBe('c--(x#)', {}, 'ERR_CONNECT_TIMEOUT')
      expectEvents(net.connect({ port: 1 }), '^ 60ms !').toBe('c 9ms o')
    })
  })
})
