import { expect } from 'chai'
import { takeUntil, timer, type Subscription } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import type { SluiceError } from 'sluice'
import type { Message, WebSocketConnection } from 'sluice/websocket'
import { webSocket, type WebSocketTarget } from '#src/websocket/browser/index.js'
import { fakePlatform, type FakeSocket } from '../../support/websocket/fake-socket.js'
import { forgotten } from '../../support/memory-taken.js'
import { diary, type Diary } from '../../support/diary.js'

interface Dialled extends Diary {
  readonly socket: FakeSocket
  readonly connection: WebSocketConnection<Message>
}

/** What is told of a dial, by the millisecond. */
function dialled(play: (dialled: Dialled) => void, options: Partial<WebSocketTarget> = {}, until = 100_000) {
  return diary(helpers => {
    const { WebSocket, sockets } = fakePlatform()
    let connection: WebSocketConnection<Message> | undefined
    webSocket
      .connect({ url: 'ws://peer.test/chat', WebSocket, ...options })
      .pipe(takeUntil(timer(until)))
      .subscribe({
        next(event) {
          if (event.type === 'connecting') connection = event.connection
          helpers.write(words(event))
        },
        error: (error: unknown) => {
          helpers.write(`error ${(error as SluiceError).code}`)
        },
        complete: () => {
          helpers.write('complete')
        },
      })
    const [socket] = sockets
    if (socket === undefined || connection === undefined) throw new Error('not dialled')
    play({ ...helpers, socket, connection })
  })
}

function words(event: { readonly type: string }): string {
  const { packet, reason, code, detail, bytesUnsent, error } = event as unknown as Record<string, unknown>
  if (event.type === 'packet') return `packet ${typeof packet === 'string' ? packet : `[${String(packet)}]`}`
  if (event.type !== 'close') return event.type
  const unsent = bytesUnsent === 0 ? [] : [`${String(bytesUnsent)} unsent`]
  const because = error === undefined ? [] : [(error as SluiceError).code]
  return ['close', reason, code, ...(detail === '' ? [] : [detail]), ...because, ...unsent].join(' ')
}

describe('webSocket.connect, over the platform’s', () => {
  it('tells a life: texts, bytes, and the words at the end', () => {
    const told = dialled(({ socket, connection }) => {
      expect(connection.state).to.equal('connecting')
      expect(connection.remote).to.deep.equal({ address: 'peer.test', port: 80 })
      socket.open('chat')
      expect(socket.binaryType).to.equal('arraybuffer')
      expect(connection.protocol).to.equal('chat')
      socket.receive('hé', Uint8Array.of(1, 2).buffer)
      expect(connection.bytesRead).to.equal(5)
      socket.closed(4001, 'bye')
    })
    expect(told).to.deep.equal([
      '0 connecting',
      '0 open',
      '0 packet hé',
      '0 packet [1,2]',
      '0 end',
      '0 close remote 4001 bye',
      '0 complete',
    ])
  })

  it('tells a dial that failed, which the platform says nothing of', () => {
    const told = dialled(({ socket }) => {
      socket.error()
      socket.closed(1006)
    })
    expect(told).to.deep.equal([
      '0 connecting',
      '0 close error 1006 ERR_CLOSED_ABNORMALLY',
      '0 error ERR_CLOSED_ABNORMALLY',
    ])
  })

  it('tells a connection that was lost', () => {
    const told = dialled(({ socket }) => {
      socket.open()
      socket.closed(1006)
    })
    expect(told.slice(2)).to.deep.equal(['0 close error 1006 ERR_CLOSED_ABNORMALLY', '0 error ERR_CLOSED_ABNORMALLY'])
  })

  it('tells a close without a code as the platform does', () => {
    const told = dialled(({ socket }) => {
      socket.open()
      socket.closed(1005)
    })
    expect(told.slice(2)).to.deep.equal(['0 end', '0 close remote 1005', '0 complete'])
  })

  it('gives up a dial that takes too long', () => {
    const told = dialled(({ socket, at }) => {
      at(10_000, () => {
        expect(socket.asked).to.deep.equal(['close'])
        socket.open()
        socket.closed(1006)
      })
    })
    expect(told.slice(1)).to.deep.equal([
      '10000 close timeout 1006 ERR_CONNECT_TIMEOUT',
      '10000 error ERR_CONNECT_TIMEOUT',
    ])
    expect(dialled(() => undefined, { connectTimeout: Infinity })).to.deep.equal(['0 connecting', '100000 complete'])
  })

  it('fails as its constructor does', () => {
    const insecure = Object.assign(new Error('insecure'), { code: 18 })
    const WebSocket = function () {
      throw insecure
    } as never
    const errors: unknown[] = []
    webSocket.connect({ url: 'ws://peer.test', WebSocket }).subscribe({ error: (error: unknown) => errors.push(error) })
    expect(errors).to.deep.equal([insecure])
  })

  describe('sends', () => {
    it('and looks how far the platform is, only while something waits', () => {
      const told = dialled(
        ({ socket, connection, at, write }) => {
          socket.open()
          expect(connection.send('é'.repeat(5))).to.equal(true)
          expect(connection.send(new Uint8Array(10))).to.equal(false)
          expect(connection.bufferedAmount).to.equal(20)
          expect(socket.asked).to.deep.equal(['send ééééé', 'send 10 bytes'])
          at(7, () => (socket.bufferedAmount = 6))
          at(11, () => {
            write(`${connection.bufferedAmount} wait`)
            socket.bufferedAmount = 5
          })
          at(16, () => {
            write(`${connection.bytesWritten} of ${connection.bytesAccepted} written`)
            socket.bufferedAmount = 0
          })
        },
        { highWaterMark: 15, lowWaterMark: 5 },
      )
      expect(told.slice(2)).to.deep.equal(['11 6 wait', '15 drain', '16 15 of 20 written', '100000 complete'])
    })

    it('to a platform that takes nothing any more: ends with ERR_WRITE_TIMEOUT', () => {
      const told = dialled(({ socket, connection }) => {
        socket.open()
        connection.send('hello')
      })
      expect(told.slice(2)).to.deep.equal([
        '30005 close timeout 1006 ERR_WRITE_TIMEOUT 5 unsent',
        '30005 error ERR_WRITE_TIMEOUT',
      ])
    })

    it('a copy of memory that others share, which the platform would not take', () => {
      dialled(({ socket, connection }) => {
        const given: unknown[] = []
        socket.send = message => given.push(message)
        socket.open()
        const [own, shared] = [new Uint8Array(2), new Uint8Array(new SharedArrayBuffer(2))]
        connection.send(own)
        connection.send(shared)
        expect(given).to.deep.equal([own, own])
        expect(given[0]).to.equal(own)
        expect((given[1] as Uint8Array).buffer).to.be.an.instanceof(ArrayBuffer)
      })
    })

    it('nothing but texts and bytes', () => {
      dialled(({ socket, connection }) => {
        socket.open()
        for (const packet of [1, null, {}, { type: 'ping', data: new Uint8Array() }, new ArrayBuffer(1)])
          expect(() => connection.send(packet as never)).to.throw(
            TypeError,
            'a WebSocket sends a string or a Uint8Array',
          )
        expect(socket.asked).to.deep.equal([])
      })
    })
  })

  describe('does not say that the platform has sent', () => {
    const marks = { highWaterMark: 3, lowWaterMark: 3 }

    it('what still waits', () => {
      const told = dialled(
        ({ socket, connection }) => {
          socket.open()
          connection.send('abc')
        },
        marks,
        20,
      )
      expect(told).to.deep.equal(['0 connecting', '0 open', '20 complete'])
    })

    it('less than nothing, where it counts more than it was given', () => {
      dialled(({ socket, connection, at }) => {
        socket.open()
        connection.send('abc')
        socket.bufferedAmount += 10
        at(20, () => {
          expect(connection.bytesWritten).to.equal(0)
        })
      }, marks)
    })
  })

  describe('leaves no timer behind', () => {
    type Played = Pick<Dialled, 'connection' | 'socket'>
    const ends: Readonly<Record<string, (played: Played, drained: (then: () => void) => void) => void>> = {
      'a dial that failed': ({ socket }) => {
        socket.closed(1006)
      },
      'what is destroyed while something waits': ({ socket, connection }) => {
        socket.open()
        connection.send('abc')
        connection.send('def')
        connection.destroy()
      },
      'what is destroyed when there is room again': ({ socket, connection }, drained) => {
        socket.open()
        connection.send('abcdef')
        socket.bufferedAmount = 2
        drained(() => {
          connection.destroy()
        })
      },
      'what has sent when there was room again': ({ socket, connection }, drained) => {
        socket.open()
        connection.send('abcdef')
        socket.bufferedAmount = 2
        drained(() => {
          connection.send('g')
        })
      },
    }
    for (const [what, play] of Object.entries(ends)) {
      it(`of ${what}`, () => {
        const scheduler = new TestScheduler(() => undefined)
        scheduler.run(() => {
          const { WebSocket, sockets } = fakePlatform()
          let drained = (): void => undefined
          let connection: WebSocketConnection<Message> | undefined
          webSocket.connect({ url: 'ws://peer.test', WebSocket, highWaterMark: 4, lowWaterMark: 3 }).subscribe({
            next: event => {
              if (event.type === 'connecting') connection = event.connection
              if (event.type === 'drain') drained()
            },
            error: () => undefined,
          })
          const [socket] = sockets
          if (socket === undefined || connection === undefined) throw new Error('not dialled')
          play({ socket, connection }, then => {
            drained = then
          })
          if (connection.state === 'closed') expect(scheduler.actions).to.deep.equal([])
          scheduler.schedule(() => {
            connection?.destroy()
            expect(scheduler.actions).to.deep.equal([])
          }, 6)
        })
      })
    }
  })

  describe('paused', () => {
    it('holds what comes, and tells it in order', () => {
      const told = dialled(({ socket, connection, at }) => {
        socket.open()
        const pause = connection.pause()
        socket.receive('a', 'b')
        expect(connection.bytesRead).to.equal(2)
        at(3, () => {
          pause.unsubscribe()
          socket.receive('c')
          expect(connection.bytesRead).to.equal(3)
        })
      })
      expect(told.slice(2, -1)).to.deep.equal(['3 packet a', '3 packet b', '3 packet c'])
    })

    it('stops between two messages that were held', () => {
      const told: string[] = []
      const { WebSocket, sockets } = fakePlatform()
      let pause: Subscription | undefined
      webSocket.connect({ url: 'ws://peer.test', WebSocket }).subscribe(event => {
        if (event.type === 'open') pause = event.connection.pause()
        if (event.type !== 'packet') return
        told.push(event.packet as string)
        if (event.packet === 'b') pause = event.connection.pause()
      })
      sockets[0]?.open()
      sockets[0]?.receive('a', 'b', 'c')
      expect(told).to.deep.equal([])
      pause?.unsubscribe()
      sockets[0]?.receive('d')
      expect(told).to.deep.equal(['a', 'b'])
      pause?.unsubscribe()
      expect(told).to.deep.equal(['a', 'b', 'c', 'd'])
    })

    it('keeps the order of what was held, though inside of next it pauses, goes on, and more comes', () => {
      const told: string[] = []
      const { WebSocket, sockets } = fakePlatform()
      let pause: Subscription | undefined
      webSocket.connect({ url: 'ws://peer.test', WebSocket }).subscribe(event => {
        if (event.type === 'open') pause = event.connection.pause()
        if (event.type !== 'packet') return
        told.push(event.packet as string)
        if (event.packet !== 'b') return
        event.connection.pause().unsubscribe()
        sockets[0]?.receive('d')
      })
      sockets[0]?.open()
      sockets[0]?.receive('a', 'b', 'c')
      pause?.unsubscribe()
      sockets[0]?.receive('e')
      expect(told).to.deep.equal(['a', 'b', 'c', 'd', 'e'])
    })

    it('destroys what sends more than maxHeld', () => {
      const told = dialled(
        ({ socket, connection }) => {
          socket.open()
          connection.pause()
          socket.receive('1'.repeat(100), '2'.repeat(80))
          expect(connection.state).to.equal('open')
          socket.receive('0')
          expect(socket.asked).to.deep.equal(['close'])
        },
        { maxHeld: 180 },
      )
      expect(told.slice(2)).to.deep.equal(['0 close error 1006 ERR_RECEIVE_OVERFLOW', '0 error ERR_RECEIVE_OVERFLOW'])
    })

    it('destroys what sends messages without end that are next to nothing', () => {
      for (const message of ['', 'a', new ArrayBuffer(0)]) {
        dialled(
          ({ socket, connection }) => {
            socket.open()
            connection.pause()
            for (let held = 0; held < 4; held += 1) socket.receive(message)
            expect(connection.state).to.equal('open')
            socket.receive(message)
            expect(connection.state).to.equal('closed')
          },
          { maxHeld: 4 * 64 },
        )
      }
    })

    it('counts what is held, and not what has been told', () => {
      dialled(
        ({ socket, connection }) => {
          socket.open()
          for (let round = 0; round < 3; round += 1) {
            const pause = connection.pause()
            socket.receive('1'.repeat(100))
            pause.unsubscribe()
          }
          expect(connection.state).to.equal('open')
        },
        { maxHeld: 100 },
      )
    })

    it('holds 16 MiB by default', () => {
      const told = dialled(({ socket, connection }) => {
        socket.open()
        connection.pause()
        socket.receive(new ArrayBuffer(16 * 1024 * 1024))
        expect(connection.state).to.equal('open')
        socket.receive('a')
      })
      expect(told[2]).to.equal('0 close error 1006 ERR_RECEIVE_OVERFLOW')
    })

    it('tells the peer’s close behind what was held, and a failure at once', () => {
      for (const [code, after] of [
        [1000, ['4 packet a', '4 end', '4 close remote 1000', '4 complete']],
        [1006, ['2 close error 1006 ERR_CLOSED_ABNORMALLY', '2 error ERR_CLOSED_ABNORMALLY']],
      ] as const) {
        const told = dialled(({ socket, connection, at }) => {
          socket.open()
          const pause = connection.pause()
          socket.receive('a')
          at(2, () => {
            socket.closed(code)
          })
          at(4, () => {
            pause.unsubscribe()
          })
        })
        expect(told.slice(2)).to.deep.equal(after)
      }
    })
  })

  describe('closes', () => {
    const closing = (close: (connection: WebSocketConnection<Message>) => void, answer = 1000) => {
      let asked: readonly string[] = []
      const told = dialled(({ socket, connection, at }) => {
        socket.open()
        close(connection)
        at(1, () => {
          socket.closed(answer)
          asked = socket.asked
        })
      })
      return [...asked, ...told.slice(2, 4)]
    }

    it('with 1000, or words of one’s own', () => {
      expect(closing(one => one.close())).to.deep.equal(['close 1000', '1 end', '1 close local 1000'])
      expect(closing(one => one.close({ code: 4000, detail: 'bye' }), 4000)).to.deep.equal([
        'close 4000 bye',
        '1 end',
        '1 close local 4000',
      ])
    })

    it('with 1000 for a shutdown, as 1012 is not a page’s to say', () => {
      expect(closing(one => one.close('shutdown'))).to.deep.equal(['close 1000', '1 end', '1 close shutdown 1000'])
    })

    it('with an end that is none: the platform has no half', () => {
      expect(closing(one => one.end())).to.deep.equal(['close 1000', '1 end', '1 close local 1000'])
    })

    it('without a word at destroy', () => {
      expect(closing(one => one.destroy())).to.deep.equal(['close', '0 close local 1006', '0 complete'])
      const error = Object.assign(new Error('bad'), { code: 'ERR_MESSAGE_KIND' })
      expect(closing(one => one.destroy(error))).to.deep.equal([
        'close',
        '0 close error 1006 ERR_MESSAGE_KIND',
        '0 error ERR_MESSAGE_KIND',
      ])
    })

    it('with the code that the peer has said, though it is destroyed at the end', () => {
      const told: unknown[] = []
      const { WebSocket, sockets } = fakePlatform()
      webSocket.connect({ url: 'ws://peer.test', WebSocket }).subscribe(event => {
        if (event.type === 'end') event.connection.destroy()
        if (event.type === 'close') told.push(event.code)
      })
      sockets[0]?.open()
      sockets[0]?.closed(4000)
      expect(told).to.deep.equal([4000])
    })

    it('at destroy, and knows what the platform has sent until then', () => {
      const told = dialled(({ socket, connection }) => {
        socket.open()
        connection.send('abc')
        socket.bufferedAmount = 1
        connection.destroy()
      })
      expect(told.slice(2)).to.deep.equal(['0 close local 1006 1 unsent', '0 complete'])
    })

    for (const [how, close] of Object.entries({
      'it destroys': ({ connection }: Pick<Dialled, 'connection'>) => {
        connection.destroy()
      },
      'was lost': ({ socket }: Pick<Dialled, 'socket'>) => {
        socket.closed(1006)
      },
    })) {
      it(`and forgets what it held of a connection that ${how}`, async () => {
        const { WebSocket, sockets } = fakePlatform()
        const connections: WebSocketConnection<Message>[] = []
        webSocket.connect({ url: 'ws://peer.test', WebSocket }).subscribe({
          next: event => {
            if (event.type === 'open') connections.push(event.connection)
          },
          error: () => undefined,
        })
        const [socket] = sockets
        socket?.open()
        const [connection] = connections
        if (socket === undefined || connection === undefined) throw new Error('not dialled')
        connection.pause()
        const held = (): WeakRef<object> => {
          const bytes = new ArrayBuffer(64)
          socket.receive(bytes)
          return new WeakRef(bytes)
        }
        const bytes = held()
        close({ connection, socket })
        await forgotten(bytes)
        expect(connection.state).to.equal('closed')
      })
    }

    it('with no code that a page can’t say', () => {
      dialled(({ socket, connection }) => {
        socket.open()
        for (const code of [999, 1001, 1002, 1006, 1011, 1012, 2999, 5000, 3000.5])
          expect(() => connection.close({ code }))
            .to.throw('in a browser')
            .with.property('code', 'ERR_OPTIONS')
        expect(socket.asked).to.deep.equal([])
        connection.close({ code: 3000 })
      })
    })

    it('within closeTimeout', () => {
      const told = dialled(({ socket, connection }) => {
        socket.open()
        connection.close()
        socket.receive()
      })
      expect(told.slice(2)).to.deep.equal(['5000 close local 1006 ERR_CLOSE_TIMEOUT', '5000 error ERR_CLOSE_TIMEOUT'])
    })

    it('with 1000 when it is unsubscribed, and tells nothing', () => {
      let socket: FakeSocket | undefined
      const told = dialled(
        dial => {
          socket = dial.socket
          dial.socket.open()
          dial.at(10, () => dial.socket.closed(1000))
        },
        {},
        5,
      )
      expect(told).to.deep.equal(['0 connecting', '0 open', '5 complete'])
      expect(socket?.asked).to.deep.equal(['close 1000'])
      expect([socket?.onmessage, socket?.onclose]).to.deep.equal([null, null])
    })

    it('a dial that is unsubscribed', () => {
      let socket: FakeSocket | undefined
      expect(dialled(dial => (socket = dial.socket), {}, 5)).to.deep.equal(['0 connecting', '5 complete'])
      expect(socket?.asked).to.deep.equal(['close'])
    })
  })

  describe('is told', () => {
    it('a URL, its own or in options', () => {
      const { WebSocket, sockets } = fakePlatform()
      const url = new URL('https://peer.test:8443/a?b=c')
      for (const protocols of [undefined, ['one'], ['one', 'two']])
        webSocket
          .connect({ url, WebSocket, ...(protocols && { protocols }) })
          .subscribe()
          .unsubscribe()
      expect(sockets.map(socket => socket.url)).to.deep.equal(Array(3).fill('wss://peer.test:8443/a?b=c'))
      expect(sockets.map(socket => socket.protocols)).to.deep.equal([[], ['one'], ['one', 'two']])
    })

    it('all that is wrong at once', () => {
      const wrong: readonly [unknown, string][] = [
        ['/chat', 'url must be an absolute URL'],
        ['ftp://peer.test', 'url must be an absolute URL'],
        ['ws://peer.test/#top', 'url must have no fragment'],
        ['ws://peer.test/#', 'url must have no fragment'],
        ['ws://me:secret@peer.test', 'url must have no credentials'],
        [{}, 'url is missing'],
        [
          { url: 'ws://peer.test', maxHeld: 0, headers: {} },
          'maxHeld must be a whole number of bytes, more than 0, not 0; headers is not an option',
        ],
        [{ url: 'ws://peer.test', protocols: ['a b'] }, 'protocols must be a list of tokens'],
        [{ url: 'ws://peer.test', protocols: 'a' }, 'protocols must be a list of tokens'],
        [{ url: 'ws://peer.test', protocols: ['a', 'a'] }, 'protocols must be a list of tokens'],
        [{ url: 'ws://peer.test', halfOpen: true }, 'halfOpen is not an option'],
      ]
      for (const [to, fault] of wrong)
        expect(() => webSocket.connect(to as string))
          .to.throw(fault)
          .with.property('code', 'ERR_OPTIONS')
    })
  })

  it('repeats no credentials in its errors', () => {
    expect(() => webSocket.connect('ws://me:secret@peer.test/#top')).to.throw(/^(?!.*secret)/)
  })

  it('hears no Blob', () => {
    const told = dialled(({ socket }) => {
      socket.open()
      socket.receive({ size: 1 })
    })
    expect(told.slice(2, 3)).to.deep.equal(['0 close error 1006 ERR_MESSAGE_KIND'])
  })
})
