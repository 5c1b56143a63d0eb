import { expect } from 'chai'
import type { Browser, Page } from 'playwright-core'
import { packets, type Connection, type Listener } from 'sluice'
import { framed, lengthField } from 'sluice/framing'
import { binary, json, webSocket, type Message } from 'sluice/websocket'
import { laws } from 'sluice/testing'
import { filter, firstValueFrom, map, share, type Observable, type Subscription } from 'rxjs'
import { isHere, launch, pageOf, scene } from '../../support/browser/chromium.js'
import { serveModules } from '../../support/browser/static-server.js'
import { example } from '../../examples/program.js'
import { closeAll, later } from '../../support/net/closing.js'

const host = '127.0.0.1'

type ServerEvent = ReturnType<typeof webSocket.listen<undefined, false>> extends Observable<infer E> ? E : never

describe(`A page in Chromium${isHere ? '' : ' (skipped: it is not here)'}`, function () {
  this.timeout(20_000)
  let modules: Awaited<ReturnType<typeof serveModules>> | undefined
  let browser: Browser | undefined
  let page: Page

  before(async function () {
    if (!isHere) this.skip()
    modules = await serveModules()
    browser = await launch()
    page = await pageOf(browser, modules.origin)
  })

  afterEach(closeAll)

  after(async () => {
    await browser?.close()
    modules?.close()
  })

  /** A server that does something at each event, where it is, and the closes of its connections. */
  async function serving(
    react: (event: ServerEvent) => void = () => undefined,
    options: { readonly port?: number; readonly origins?: 'any' | 'same'; readonly protocols?: readonly string[] } = {},
  ) {
    const closes: string[] = []
    const events = webSocket.listen({ host, port: 0, origins: 'any', ...options }).pipe(share())
    const listening = firstValueFrom(
      events.pipe(
        filter(event => event.type === 'listening'),
        map(({ listener }) => listener),
      ),
    )
    const subscription = events.subscribe(event => {
      if (event.type === 'close') closes.push(`${event.code} ${event.detail}`.trim())
      react(event)
    })
    later(() => {
      subscription.unsubscribe()
    })
    const listener: Listener = await listening
    const port = listener.endpoint.port ?? 0
    const closed = async (): Promise<string | undefined> => {
      while (closes.length === 0) await firstValueFrom(events)
      return closes[0]
    }
    return { port, url: `ws://${host}:${port}`, subscription, closed, events }
  }

  function echoing(event: ServerEvent): void {
    if (event.type === 'packet') event.connection.send(event.packet)
  }

  function atOpen(task: (connection: Connection<Message>) => void): (event: ServerEvent) => void {
    return event => {
      if (event.type === 'open') task(event.connection)
    }
  }

  it('speaks in texts and bytes, by the protocol that was agreed upon', async () => {
    const { url, closed } = await serving(echoing, { protocols: ['chat'] })
    expect(await scene(page, 'echo', url)).to.deep.equal([
      'connecting',
      'open',
      'packet "grüße, chat"',
      'packet [1,2,3]',
      'packet ""',
      'end',
      'close local 1000',
      'complete',
    ])
    expect(await closed()).to.equal('1000')
  })

  it('frames packets over binary messages, each of which is one', async () => {
    const messages: number[] = []
    const { url } = await serving(event => {
      if (event.type === 'packet') messages.push(event.packet.length)
      echoing(event)
    })
    expect(await scene(page, 'framing', url)).to.deep.equal([0, 1, 100, 70_000, 300_000])
    expect(messages).to.deep.equal([4, 5, 104, 70_004, 300_004])
  })

  it('is understood where packets are framed', async () => {
    const stream = webSocket.listen({ host, port: 0, origins: 'any' }).pipe(binary(), framed(lengthField()), share())
    const first = firstValueFrom(stream.pipe(packets()))
    const { listener } = await firstValueFrom(stream.pipe(filter(event => event.type === 'listening')))
    const told = scene(page, 'framing', `ws://${host}:${listener.endpoint.port ?? 0}`)
    expect(await Promise.race([told, first])).to.deep.equal(new Uint8Array())
  })

  it('comes back after the server was stopped and started, until it is told not to', async () => {
    const first = await serving()
    const told = scene(page, 'comeBack', first.url)
    await Promise.race([told, firstValueFrom(first.events.pipe(filter(event => event.type === 'open')))])
    first.subscription.unsubscribe()
    await serving(
      atOpen(connection => {
        ;(connection as Connection<Message> & { close(how: object): void }).close({ code: 4000, detail: 'enough' })
      }),
      { port: first.port },
    )
    expect(await told).to.deep.equal(['open', 'close remote 1000', 'open 2', 'close remote 4000 enough', 'complete'])
  })

  it('is told no more of a refusal than that there was one', async () => {
    const failed = ['connecting', 'close error 1006 ERR_CLOSED_ABNORMALLY', 'error ERR_CLOSED_ABNORMALLY']
    const { url, subscription } = await serving(undefined, { origins: 'same' })
    expect(await scene(page, 'refused', url)).to.deep.equal(failed)
    subscription.unsubscribe()
    expect(await scene(page, 'refused', url)).to.deep.equal(failed)
  })

  for (const [how, said, told] of [
    ['close', '1000', 'close local 1000'],
    ['shutdown', '1000', 'close shutdown 1000'],
    [{ code: 3000, detail: 'wörter' }, '3000 wörter', 'close local 3000'],
    [{ code: 4999 }, '4999', 'close local 4999'],
    ['destroy', '1005', 'close local 1006'],
    ['unsubscribe', '1000', 'open'],
  ] as const) {
    it(`says ${said} when it closes by ${typeof how === 'string' ? how : 'words of its own'}`, async () => {
      const { url, closed } = await serving()
      const story = (await scene(page, 'leave', url, how)) as string[]
      expect(await closed()).to.equal(said)
      expect(story.at(-2)).to.equal(told)
    })
  }

  for (const [title, leave, told] of [
    [
      'words',
      connection => connection.close({ code: 4001, detail: 'bye' }),
      ['end', 'close remote 4001 bye', 'complete'],
    ],
    ['1000', connection => connection.close(), ['end', 'close remote 1000', 'complete']],
    ['1012', connection => connection.close('shutdown'), ['end', 'close remote 1012', 'complete']],
    [
      'nothing',
      connection => connection.destroy(),
      ['close error 1006 ERR_CLOSED_ABNORMALLY', 'error ERR_CLOSED_ABNORMALLY'],
    ],
  ] as readonly [string, (connection: Extract<ServerEvent, { type: 'open' }>['connection']) => void, string[]][]) {
    it(`is told ${title} by a server that leaves with it`, async () => {
      const { url } = await serving(event => {
        if (event.type === 'open') leave(event.connection)
      })
      expect(((await scene(page, 'listen', url)) as string[]).slice(2)).to.deep.equal(told)
    })
  }

  it('holds what comes while it is paused, the close behind it', async () => {
    const { url } = await serving(
      atOpen(connection => {
        for (const message of ['one', 'two', Uint8Array.of(3)]) connection.send(message)
        connection.close()
      }),
    )
    expect(await scene(page, 'pause', url, 7)).to.deep.equal([
      'connecting',
      'open',
      'packet "one"',
      'packet "two"',
      'packet [3]',
      'end',
      'close remote 1000',
      'complete',
    ])
  })

  it('gives up what sends more than maxHeld meanwhile', async () => {
    const { url, closed } = await serving(
      atOpen(connection => {
        for (let sent = 0; sent < 5; sent += 1) connection.send(new Uint8Array(300))
      }),
    )
    expect(await scene(page, 'overflow', url, 1000)).to.deep.equal([
      'connecting',
      'open',
      'close error 1006 ERR_RECEIVE_OVERFLOW',
      'error ERR_RECEIVE_OVERFLOW',
    ])
    expect(await closed()).to.equal('1005')
  })

  it('is told when there is room again', async () => {
    const { url } = await serving()
    expect(await scene(page, 'drain', url)).to.deep.equal([
      'connecting',
      'open',
      'drain',
      'end',
      'close local 1000',
      'complete',
      'false',
      'true',
    ])
  })

  it('ends who is idle', async () => {
    const { url } = await serving()
    expect(await scene(page, 'idle', url)).to.deep.equal([
      'connecting',
      'open',
      'close timeout 1006 ERR_IDLE_TIMEOUT',
      'error ERR_IDLE_TIMEOUT',
    ])
  })

  it('handles at its own pace', async () => {
    const { url } = await serving(
      atOpen(connection => {
        for (let number = 0; number < 10; number += 1) connection.send(String(number))
      }),
    )
    expect(await scene(page, 'slowly', url)).to.deep.equal([0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
  })

  it('pools, and broadcasts', async () => {
    const { url } = await serving(echoing)
    expect(await scene(page, 'together', url)).to.deep.equal(['to all', 'to all'])
  })

  it('asks, and gets the answer to each question', async () => {
    const asked: { readonly id: number; readonly question: string }[] = []
    const stream = webSocket
      .listen({ host, port: 0, origins: 'any' })
      .pipe(json<(typeof asked)[number], object>(), share())
    const listening = firstValueFrom(stream.pipe(filter(event => event.type === 'listening')))
    const subscription = stream.subscribe(event => {
      if (event.type !== 'packet' || asked.push(event.packet) < 3) return
      for (const { id, question } of asked.reverse()) event.connection.send({ id, answer: question.toUpperCase() })
    })
    later(() => {
      subscription.unsubscribe()
    })
    const { listener } = await listening
    expect(await scene(page, 'ask', `ws://${host}:${listener.endpoint.port ?? 0}`)).to.deep.equal([
      'ONE',
      'TWO',
      'THREE',
    ])
  })

  it('shares a connection among topics', async () => {
    const said: unknown[] = []
    const stream = webSocket
      .listen({ host, port: 0, origins: 'any' })
      .pipe(json<{ topic: string; ref: number }>(), share())
    const listening = firstValueFrom(stream.pipe(filter(event => event.type === 'listening')))
    const subscription: Subscription = stream.subscribe(event => {
      if (event.type !== 'packet') return
      said.push(event.packet)
      if (said.length < 2) return
      for (const [topic, ref] of [
        ['a', 2],
        ['a', 9],
        ['a', 2],
        ['b', 1],
      ] as const)
        event.connection.send({ topic, ref })
    })
    later(() => {
      subscription.unsubscribe()
    })
    const { listener } = await listening
    expect(await scene(page, 'topical', `ws://${host}:${listener.endpoint.port ?? 0}`)).to.deep.equal([
      { topic: 'a', ref: 2 },
      { topic: 'a', ref: 2 },
    ])
    expect(said).to.deep.equal([
      { topic: 'b', ref: 1 },
      { topic: 'a', ref: 2 },
    ])
  })

  it('chats with another tab, as the example does, and comes back when its server does', async () => {
    const first = example('browser-chat/server', [0])
    const [url] = await first.says(/^http.*$/)
    const [one, two] = await Promise.all([pageOf(present(browser), url), pageOf(present(browser), url)])
    later(() => Promise.all([one.close(), two.close()]))
    const here = (tab: Page, state: string) =>
      tab.waitForFunction(`document.getElementById('state').value === '${state}'`)
    const say = async (tab: Page, who: string, says: string) => {
      await tab.fill('#who', who)
      await tab.fill('#says', says)
      await tab.click('button')
    }
    await Promise.all([here(one, 'here'), here(two, 'here')])
    await say(one, 'Ada', 'hello')
    await two.getByText('Ada: hello').waitFor()
    first.terminate()
    await Promise.all([here(one, 'away'), here(two, 'away')])
    await example('browser-chat/server', [new URL(url).port]).says(/^http/)
    await Promise.all([here(one, 'here'), here(two, 'here')])
    await say(two, 'Bob', '<b>hi</b>')
    await one.getByText('Bob: <b>hi</b>').waitFor()
    expect(await one.locator('li').allTextContents()).to.deep.equal(['Ada: hello', 'Bob: <b>hi</b>'])
  })

  it('obeys the laws, over a network in memory', async () => {
    expect(await scene(page, 'lawful')).to.deep.equal([laws.length, []])
  })

  it('draws and checks diagrams', async () => {
    expect(await scene(page, 'diagrams')).to.equal('other than drawn')
  })

  it('frames lines', async () => {
    expect(await scene(page, 'codecs')).to.deep.equal(['ONE', 'TWO'])
  })
})

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not here')
  return value
}
