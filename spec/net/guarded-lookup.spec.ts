import type { LookupFunction } from 'node:net'
import { expect } from 'chai'
import { tcp } from 'sluice/net'
import { closeAll } from '../support/net/closing.js'
import { rawServer } from '../support/net/peers.js'
import { resourcesAtRest, resourcesLeft, turns } from '../support/net/resources.js'
import { watch, type Watch } from '../support/net/watch.js'

const host = '127.0.0.1'

/** What a lookup may call back with, whatever its types say. */
type Answer = readonly unknown[]

/** How it calls back: from within, or when its caller has long gone on. */
const moments: Readonly<Record<string, (task: () => void) => void>> = {
  'at once': task => {
    task()
  },
  later: task => setImmediate(task),
}

const unfit: Readonly<Record<'one' | 'all', readonly Answer[]>> = {
  one: [
    [],
    [null],
    [null, undefined],
    [null, null],
    [null, {}],
    [null, 'sluice.test', 4],
    [null, 7, 4],
    [null, [host]],
  ],
  all: [
    [],
    [null, undefined],
    [null, {}],
    [null, []],
    [null, [null]],
    [null, [host]],
    [null, host, 4],
    [null, [{ address: host, family: 4 }, { family: 4 }]],
    [null, [{ address: 'sluice.test', family: 4 }]],
    [null, [{ address: {}, family: 4 }]],
  ],
}

describe('A lookup of the user', () => {
  afterEach(closeAll)

  for (const [moment, schedule] of Object.entries(moments)) {
    for (const form of ['one', 'all'] as const) {
      it(`that answers ${moment} what is no address is a dial that fails, where ${form} can be used`, async () => {
        for (const answer of unfit[form]) {
          const before = await resourcesAtRest()
          const client = dialled(form, schedule, answer)
          const error = await client.over()
          expect(error).to.include({ code: 'ERR_HANDLER', cause: answer[1] })
          expect(String(error)).to.match(form === 'one' ? /must answer one address/ : /must answer a list/)
          expect(client.types).to.deep.equal(['connecting', 'close'])
          expect(await resourcesLeft(before)).to.deep.equal(before)
        }
      })

      it(`that fails ${moment} with what is no error is a dial that fails with one, where ${form} can be used`, async () => {
        const before = await resourcesAtRest()
        const client = dialled(form, schedule, ['no such name'])
        expect(await client.over())
          .to.be.instanceOf(Error)
          .and.include({ message: 'no such name', cause: 'no such name' })
        expect(client.types).to.deep.equal(['connecting', 'close'])
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  }

  for (const form of ['one', 'all'] as const) {
    it(`need not name the family of an address, where ${form} can be used`, async () => {
      const { port } = await rawServer()
      const answer = form === 'one' ? [undefined, host] : [undefined, [{ address: host }]]
      await dialled(form, task => setImmediate(task), answer, port).next('open')
    })
  }

  it('that throws after it has answered is a dial that fails', async () => {
    const { port } = await rawServer()
    const lookup: LookupFunction = (_, __, tell) => {
      tell(null, [{ address: host, family: 4 }])
      throw new Error('a bug')
    }
    expect(await watch(tcp.connect({ host: 'sluice.test', port, lookup })).over()).to.include({ code: 'ERR_HANDLER' })
  })

  for (const form of ['one', 'all'] as const) {
    for (const [moment, schedule] of Object.entries(moments)) {
      it(`whose promise is rejected ${moment} is a dial that fails, where ${form} can be used`, async () => {
        const before = await resourcesAtRest()
        const bug = new Error('a bug')
        const lookup = (() =>
          new Promise<never>((_, reject) => {
            schedule(() => {
              reject(bug)
            })
          })) as LookupFunction
        const autoSelectFamily = form === 'all'
        const client = watch(tcp.connect({ host: 'sluice.test', port: 1, lookup: lookup, autoSelectFamily }))
        expect(await client.over()).to.include({ code: 'ERR_HANDLER', cause: bug })
        expect(client.types).to.deep.equal(['connecting', 'close'])
        expect(await resourcesLeft(before)).to.deep.equal(before)
      })
    }
  }

  it('whose promise is rejected when it is no longer of use disturbs nobody', async () => {
    const { port } = await rawServer()
    let reject: (thrown: Error) => void = () => undefined
    const lookup = ((_, __, tell) => {
      tell(null, [{ address: host, family: 4 }])
      return new Promise<never>((_, rejected) => {
        reject = rejected
      })
    }) as LookupFunction
    const client = watch(tcp.connect({ host: 'sluice.test', port, lookup }))
    const { connection } = await client.next('open')
    reject(new Error('too late'))
    await turns(3)
    expect([connection.state, client.types]).to.deep.equal(['open', ['connecting', 'open']])
    const gone = watch(tcp.connect({ host: 'sluice.test', port, lookup }))
    gone.all('connecting')[0]?.connection.destroy()
    reject(new Error('too late'))
    await turns(3)
    expect(gone.types).to.deep.equal(['connecting', 'close'])
  })

  it('has its first answer counted, and no other', async () => {
    const server = await rawServer()
    const lookup: LookupFunction = (_, __, tell) => {
      tell(null, [{ address: host, family: 4 }])
      tell(null, [{ address: '127.0.0.2', family: 4 }])
      tell(new Error('too late'), [])
      setImmediate(tell, null, [])
    }
    const client = watch(tcp.connect({ host: 'sluice.test', port: server.port, lookup }))
    const { connection } = await client.next('open')
    await turns(3)
    expect([connection.state, connection.remote?.address, client.types]).to.deep.equal([
      'open',
      host,
      ['connecting', 'open'],
    ])
  })
})

/** A dial whose lookup answers in a form: one address, or all of them. */
function dialled(form: 'one' | 'all', schedule: (task: () => void) => void, answer: Answer, port = 1): Watch {
  const lookup = ((_: string, __: unknown, tell: (...told: unknown[]) => void) => {
    schedule(() => {
      tell(...answer)
    })
  }) as LookupFunction
  return watch(tcp.connect({ host: 'sluice.test', port, lookup, autoSelectFamily: form === 'all' }))
}
