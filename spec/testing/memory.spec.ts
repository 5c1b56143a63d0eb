import { expect } from 'chai'
import fc from 'fast-check'
import { tap, timer, type Subscription } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { seeded, SluiceError, type Connection, type ConnectionEvent, type Listener } from 'sluice'
import { memory, type LinkOptions, type MemoryOptions, type MemoryPlace, type MemoryTarget } from 'sluice/testing'
import { handled } from '../support/handled.js'
import { check } from '../support/property.js'
import { run } from '../support/run.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (packet: Uint8Array): string => new TextDecoder().decode(packet)

/** Sends a text, letter by letter, as soon as it can. */
const saying = (text: string) =>
  tap((event: ConnectionEvent) => {
    if (event.type === 'open') for (const letter of text) event.connection.send(bytes(letter))
  })

/** Sends a text in one piece, as soon as it can. */
const telling = (text: string) =>
  tap((event: ConnectionEvent) => {
    if (event.type === 'open') event.connection.send(bytes(text))
  })

const echoing = tap((event: ConnectionEvent) => {
  if (event.type === 'packet') event.connection.send(event.packet)
})

const timeout = { type: 'close', reason: 'timeout', error: 'ERR_CONNECT_TIMEOUT' }

const draws =
  (...numbers: number[]) =>
  () =>
    numbers.shift() ?? 0

describe('memory', () => {
  let holds: Subscription[]

  beforeEach(() => {
    holds = []
  })

  /** Pauses what opens. */
  const pausing = tap((event: ConnectionEvent) => {
    if (event.type === 'open') holds.push(event.connection.pause())
  })

  describe('without latency', () => {
    it('does everything at once, within the call that caused it, and sets no timer', () => {
      const scheduler = new TestScheduler(() => undefined)
      scheduler.run(() => {
        const net = memory()
        const told: string[] = []
        net
          .listen({ port: 1 })
          .pipe(echoing)
          .subscribe(event => told.push(`server ${event.type}`))
        net.connect({ port: 1 }).subscribe(event => {
          told.push(`client ${event.type}`)
          if (event.type === 'open') event.connection.send(bytes('a'))
          if (event.type === 'packet') event.connection.close()
        })
        expect(told).to.deep.equal([
          'server listening',
          'client connecting',
          'server open',
          'client open',
          'server packet',
          'client packet',
          'server end',
          'server close',
          'client end',
          'client close',
        ])
        expect(scheduler.actions).to.deep.equal([])
      })
    })

    it('goes on and on without growing the stack', () => {
      const net = memory()
      let rounds = 0
      net.listen({ port: 1 }).pipe(echoing).subscribe()
      net.connect({ port: 1 }).subscribe(event => {
        if (event.type !== 'open' && event.type !== 'packet') return
        rounds += 1
        if (rounds < 20_000) event.connection.send(bytes('a'))
      })
      expect(rounds).to.equal(20_000)
    })

    it('does not fill the memory where one writes as long as it may inside of the next of the other', () => {
      const net = memory()
      let sent = 0
      let seen = 0
      const fill = tap((event: ConnectionEvent) => {
        if (event.type !== 'open' && event.type !== 'drain') return
        while (sent < 100_000_000 && event.connection.send(bytes('x'.repeat(1000)))) sent += 1000
      })
      const server = net.listen({ port: 1 }).pipe(fill).subscribe()
      const client = net.connect({ port: 1 }).subscribe(event => {
        if (event.type !== 'packet') return
        seen += event.packet.length
        if (seen === 10_000) event.connection.pause()
      })
      server.unsubscribe()
      client.unsubscribe()
      expect(seen).to.be.within(10_000, 12_000)
      expect(sent).to.be.below(10_000 + 3 * 64 * 1024)
    })
  })

  describe('with latency', () => {
    it('takes a round trip to dial, and half of one for each packet', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 3 })
        const client = handled(net.connect({ port: 1 }))
        expectEvents(net.listen({ port: 1 }).pipe(echoing)).toBe('l--o---------a-b')
        expectEvents(client.stream).toBe('                        c-----o---------a-b')
        at('                                                      ----------a-b', {
          a: () => client.connection.send(bytes('a')),
          b: () => client.connection.send(bytes('b')),
        })
      }))

    it('tells a refusal after a round trip', () =>
      run(({ expectEvents }) => {
        const net = memory({ latency: 3 })
        expectEvents(net.connect({ port: 1 })).toBe('c-----(x#)', {}, 'ECONNREFUSED')
      }))

    it('delivers in order, whatever the jitter', () =>
      run(({ expectEvents }) => {
        const net = memory({ latency: 1, jitter: 9, random: draws(0, 0, 0.9, 0, 0.5) })
        net.listen({ port: 1 }).pipe(saying('abq')).subscribe()
        // The dial takes two frames; the first packet takes ten, and the others, which take less, wait for it.
        expectEvents(net.connect({ port: 1 })).toBe('c-o--------(abq)')
      }))

    it('draws the same jitter in each run, unless it is told to draw otherwise', () => {
      const times = (options: MemoryOptions) => {
        const scheduler = new TestScheduler(() => undefined)
        const seen: number[] = []
        scheduler.run(() => {
          const net = memory({ jitter: 100, ...options })
          net.listen({ port: 1 }).pipe(saying('abcdef')).subscribe()
          net.connect({ port: 1 }).subscribe(() => seen.push(scheduler.now()))
        })
        return seen
      }
      expect(times({})).to.deep.equal(times({}))
      expect(times({ random: seeded(2) })).not.to.deep.equal(times({}))
    })

    it('is different for each pair of hosts, and may change', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        net.link('near', 'server', { latency: 1 })
        net.link('server', 'far', { latency: 4 })
        const server = net.host('server')
        server.listen({ port: 1 }).subscribe()
        expectEvents(net.host('near').connect({ host: 'server', port: 1 })).toBe('c-o')
        expectEvents(net.host('far').connect({ host: 'server', port: 1 })).toBe(' c-------o')
        expectEvents(net.host('other').connect({ host: 'server', port: 1 })).toBe('(co)')
        at('------a', {
          a: () => {
            net.link('far', 'server', { latency: 2 })
          },
        })
        expectEvents(net.host('far').connect({ host: 'server', port: 1 }), '-------^').toBe('-------c---o')
      }))
  })

  describe('with a bandwidth', () => {
    it('lets what takes longer trickle in', () =>
      run(({ expectEvents }) => {
        const net = memory({ bandwidth: 2, latency: 1 })
        net.listen({ port: 1 }).pipe(telling('abcde')).subscribe()
        const pieces = { 1: bytes('ab'), 2: bytes('cd'), 3: bytes('e') }
        expectEvents(net.connect({ port: 1 })).toBe('c-o123', pieces)
      }))

    it('shares it among the connections of a direction, and not with the other direction', () =>
      run(({ expectEvents }) => {
        const net = memory({ bandwidth: 1, latency: 1 })
        net.listen({ port: 1 }).pipe(telling('ab')).subscribe()
        expectEvents(net.connect({ port: 1 }).pipe(telling('yz'))).toBe('c-oab')
        // The second is answered behind what the first is told.
        expectEvents(net.connect({ port: 1 })).toBe('                    c---oab')
      }))
  })

  describe('with chunks', () => {
    it('cuts what was sent, and joins what is there at once', () =>
      run(({ expectEvents }) => {
        const net = memory({ latency: 1, chunk: 2 })
        net.listen({ port: 1 }).pipe(saying('abcde')).subscribe()
        expectEvents(net.connect({ port: 1 })).toBe('c-(o123)', { 1: bytes('ab'), 2: bytes('cd'), 3: bytes('e') })
      }))

    it('draws their sizes between the least and the most', () =>
      run(({ expectEvents }) => {
        const net = memory({ latency: 1, chunk: [1, 3], random: draws(0, 0.4, 0.99) })
        net.listen({ port: 1 }).pipe(telling('abcdef')).subscribe()
        expectEvents(net.connect({ port: 1 })).toBe('c-(o123)', { 1: bytes('a'), 2: bytes('bc'), 3: bytes('def') })
      }))
  })

  describe('a reader that pauses', () => {
    it('sees nothing of data and FIN until it goes on', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        const hello = tap((event: ConnectionEvent) => {
          if (event.type === 'open') event.connection.close()
        })
        net.listen({ port: 1 }).pipe(saying('ab'), hello).subscribe()
        const client = handled(net.connect({ port: 1 }))
        expectEvents(client.stream.pipe(pausing)).toBe('(co)----(abex|)')
        at('--------a', {
          a: () => {
            holds.pop()?.unsubscribe()
          },
        })
      }))

    it('sees a reset at once', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 1 })
        const server = handled(net.listen({ port: 1 }))
        server.stream.pipe(saying('ab')).subscribe()
        expectEvents(net.connect({ port: 1 }).pipe(pausing)).toBe('c-o---(x#)', {}, 'ECONNRESET')
        at('-----a', {
          a: () => {
            server.connection.destroy()
          },
        })
      }))

    it('blocks the writer when the window is full', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 1, window: 10 })
        net.listen({ port: 1 }).pipe(pausing).subscribe()
        const client = handled(net.connect({ port: 1, highWaterMark: 10, lowWaterMark: 1 }))
        expectEvents(client.stream).toBe('c-o-----d')
        at('---a---b', {
          a: () => {
            expect(client.connection.send(bytes('x'.repeat(19)))).to.equal(true)
            expect(client.connection.bufferedAmount).to.equal(9)
            expect(client.connection.send(bytes('y'))).to.equal(false)
            expect(client.connection.bytesWritten).to.equal(10)
          },
          b: () => {
            holds.pop()?.unsubscribe()
          },
        })
      }))

    it('lets the writer give up in the end', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ window: 10 })
        const failed = { type: 'close', reason: 'timeout', error: 'ERR_WRITE_TIMEOUT', bytesUnsent: 1 }
        net.listen({ port: 1 }).pipe(pausing).subscribe()
        const client = handled(net.connect({ port: 1, writeTimeout: 20 }))
        expectEvents(client.stream).toBe('(co) 18ms (f#)', { f: failed }, 'ERR_WRITE_TIMEOUT')
        at('--a', { a: () => client.connection.send(bytes('x'.repeat(11))) })
      }))
  })

  describe('a link that is cut', () => {
    it('is silent, and brings when it has healed what was sent meanwhile', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 2 })
        const client = handled(net.host('a').connect({ host: 'b', port: 1 }))
        expectEvents(net.host('b').listen({ port: 1 }).pipe(echoing)).toBe('l-o---------(uvw)')
        expectEvents(client.stream).toBe('c---o---------(uvw)')
        at('-----ucvw-h', {
          u: () => client.connection.send(bytes('u')),
          v: () => client.connection.send(bytes('v')),
          w: () => client.connection.send(bytes('w')),
          c: () => {
            net.cut('a', 'b')
          },
          h: () => {
            net.heal('b', 'a')
          },
        })
      }))

    it('stalls a dial, which opens if it heals in time', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 1 })
        net.cut('localhost', 'b')
        net.host('b').listen({ port: 1 }).subscribe()
        expectEvents(net.connect({ host: 'b', port: 1 })).toBe('c-----o')
        expectEvents(net.connect({ host: 'b', port: 1, connectTimeout: 3 })).toBe(
          'c--(t#)',
          { t: timeout },
          'ERR_CONNECT_TIMEOUT',
        )
        at('----h', {
          h: () => {
            net.heal('localhost', 'b')
          },
        })
      }))

    it('keeps a FIN, so that who closes gives up at the deadline', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 1 })
        const client = handled(net.connect({ host: 'b', port: 1, closeTimeout: 10 }))
        const late = { type: 'close', reason: 'local', error: 'ERR_CLOSE_TIMEOUT' }
        expectEvents(net.host('b').listen({ port: 1 })).toBe('lo 19ms (ex)')
        expectEvents(client.stream).toBe('c-o 10ms (l#)', { l: late }, 'ERR_CLOSE_TIMEOUT')
        at('---c 16ms h', {
          c: () => {
            net.cut('b')
            client.connection.close()
          },
          h: () => {
            net.heal('b')
          },
        })
      }))

    it('may be that of a host to all others, those included that nobody has named yet', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        net.host('b').listen({ port: 1 }).subscribe()
        net.cut('b')
        expectEvents(net.host('new').connect({ host: 'b', port: 1 })).toBe('c----o')
        expectEvents(net.host('b').connect({ host: 'b', port: 1 })).toBe('(co)')
        expectEvents(net.host('c').connect({ host: 'd', port: 1 })).toBe('(cx#)', {}, 'ECONNREFUSED')
        at('-----h', {
          h: () => {
            net.heal('b')
          },
        })
      }))

    it('heals when all that has cut it is over', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        net.host('b').listen({ port: 1 }).subscribe()
        net.cut('a', 'b')
        net.cut('a')
        net.cut('b')
        expectEvents(net.host('a').connect({ host: 'b', port: 1 })).toBe('c----o')
        at('-a-b-p', {
          a: () => {
            net.heal('a')
          },
          b: () => {
            net.heal('b')
          },
          p: () => {
            net.heal('a', 'b')
          },
        })
      }))

    it('may be cut again by what it brings as it heals', () => {
      const net = memory()
      const told: string[] = []
      const ends: Connection[] = []
      const note = (event: ConnectionEvent) => {
        if (event.type === 'open') ends.push(event.connection)
        if (event.type !== 'packet') return
        told.push(text(event.packet))
        if (text(event.packet) === 'u') net.cut('a', 'b')
      }
      net.host('b').listen({ port: 1 }).subscribe(note)
      net.host('a').connect({ host: 'b', port: 1 }).subscribe(note)
      net.cut('a', 'b')
      for (const [index, packet] of ['u', 'v'].entries())
        ends.find(({ local }) => local?.address === 'ab'[index])?.send(bytes(packet))
      net.heal('a', 'b')
      expect(told).to.deep.equal(['u'])
      net.heal('a', 'b')
      expect(told).to.deep.equal(['u', 'v'])
    })

    it('heals only once', () => {
      const net = memory()
      net.heal('a', 'b')
      net.cut('a', 'b')
      net.cut('a', 'b')
      net.heal('a', 'b')
      const told: string[] = []
      net.host('a').listen({ port: 1 }).subscribe()
      net
        .host('b')
        .connect({ host: 'a', port: 1 })
        .subscribe(({ type }) => told.push(type))
      expect(told).to.deep.equal(['connecting', 'open'])
    })
  })

  describe('a dial', () => {
    it('is refused where nobody listens, with what a system says', () => {
      const errors: unknown[] = []
      memory()
        .connect({ host: 'far', port: 7 })
        .subscribe({ error: (error: unknown) => errors.push(error) })
      expect(errors).to.have.length(1)
      expect(errors[0]).to.include({ code: 'ECONNREFUSED', syscall: 'connect', address: 'far', port: 7 })
      expect(String(errors[0])).to.equal('Error: connect ECONNREFUSED far:7: nobody listens there')
    })

    it('gives up after ten seconds without an answer, unless told otherwise', () =>
      run(({ expectEvents }) => {
        const net = memory({ stall: 1 })
        net.listen({ port: 1 }).subscribe()
        expectEvents(net.connect({ port: 1 })).toBe('c 9999ms (t#)', { t: timeout }, 'ERR_CONNECT_TIMEOUT')
        expectEvents(net.connect({ port: 1, connectTimeout: 5 })).toBe(
          'c----(t#)',
          { t: timeout },
          'ERR_CONNECT_TIMEOUT',
        )
        expectEvents(net.connect({ port: 1, connectTimeout: Infinity }), '^ 60s !').toBe('c')
      }))

    it('leaves no timer and no trace when it is given up', () => {
      const scheduler = new TestScheduler(() => undefined)
      scheduler.run(({ flush }) => {
        const net = memory({ latency: 5 })
        const server: string[] = []
        net.listen({ port: 1 }).subscribe(({ type }) => server.push(type))
        net.connect({ port: 1 }).subscribe().unsubscribe()
        expect(net.open).to.equal(1)
        flush()
        expect(server).to.deep.equal(['listening'])
        expect(scheduler.actions).to.deep.equal([])
      })
    })

    it('knows both its ends', () => {
      const net = memory()
      const server = handled(net.host('b').listen({ port: 1 }))
      const client = handled(net.host('a').connect({ host: 'b', port: 1 }))
      server.stream.subscribe()
      client.stream.subscribe()
      const [a, b] = [
        { address: 'a', port: 49_152 },
        { address: 'b', port: 1 },
      ]
      expect([client.connection.local, client.connection.remote]).to.deep.equal([a, b])
      expect([server.connection.local, server.connection.remote]).to.deep.equal([b, a])
    })
  })

  describe('a listener', () => {
    it('binds each port once, and frees it', () => {
      const net = memory()
      const errors: unknown[] = []
      const first = net.listen({ port: 1 }).subscribe()
      net.listen({ port: 1 }).subscribe({ error: (error: unknown) => errors.push(error) })
      net
        .host('other')
        .listen({ port: 1 })
        .subscribe({ error: (error: unknown) => errors.push(error) })
      expect(errors).to.have.length(1)
      expect(errors[0]).to.include({ code: 'EADDRINUSE', syscall: 'listen', address: 'localhost', port: 1 })
      first.unsubscribe()
      net.listen({ port: 1 }).subscribe({ error: (error: unknown) => errors.push(error) })
      expect(errors).to.have.length(1)
    })

    it('picks a free port for 0', () => {
      const net = memory()
      const ports: (number | undefined)[] = []
      const note = (event: ConnectionEvent) => event.type === 'listening' && ports.push(event.listener.endpoint.port)
      net.listen({ port: 49_153 }).subscribe(note)
      net.listen({ port: 0 }).subscribe(note)
      net.listen({ port: 0 }).subscribe(note)
      expect(ports).to.deep.equal([49_153, 49_152, 49_154])
    })

    it('holds while paused what is dialled, forgets who leaves, and resets what is beyond its backlog', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 1 })
        let listener: Listener | undefined
        const noted = tap((event: ConnectionEvent) => {
          if (event.type !== 'listening') return
          listener = event.listener
          listener.pause()
        })
        expectEvents(net.listen({ port: 1, backlog: 2 }).pipe(noted)).toBe('l--------(oa)')
        expectEvents(net.connect({ port: 1 }).pipe(telling('a'))).toBe('   c-o')
        const left = handled(net.connect({ port: 1 }))
        expectEvents(left.stream).toBe('                               c-o-(x|)')
        expectEvents(net.connect({ port: 1 })).toBe('                      c-(ox#)', {}, 'ECONNRESET')
        at('----l----r', {
          l: () => {
            left.connection.destroy()
          },
          r: () => {
            expect(listener).to.include({ accepted: 2, refused: 1 })
            listener?.resume()
          },
        })
      }))

    it('completes when it is closed, though one of those that waited had left before', () => {
      const net = memory()
      const told: string[] = []
      let listener: Listener | undefined
      net.listen({ port: 1 }).subscribe({
        next: event => {
          told.push(event.type)
          if (event.type === 'listening') ({ listener } = event)
        },
        complete: () => told.push('complete'),
      })
      listener?.pause()
      net.connect({ port: 1 }).subscribe(event => {
        if (event.type === 'open') event.connection.destroy()
      })
      listener?.resume()
      listener?.close()
      expect([told, net.open]).to.deep.equal([['listening', 'complete'], 0])
    })

    it('may be closed in the next that tells of it', () => {
      const net = memory()
      const told: string[] = []
      net.listen({ port: 1 }).subscribe({
        next: event => {
          told.push(event.type)
          if (event.type === 'listening') event.listener.close()
        },
        complete: () => told.push('complete'),
      })
      expect([told, net.open]).to.deep.equal([['listening', 'complete'], 0])
    })
  })

  describe('on demand', () => {
    it('resets the connections between two hosts, and no others', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        const failed = { x: { type: 'close', error: 'ECONNRESET' } }
        expectEvents(net.host('b').listen({ port: 1 })).toBe('(loo)x', failed)
        expectEvents(net.host('a').connect({ host: 'b', port: 1 })).toBe('(co)-(x#)', failed, 'ECONNRESET')
        expectEvents(net.host('c').connect({ host: 'b', port: 1 })).toBe('(co)')
        at('-----r', {
          r: () => {
            net.reset('b', 'a')
          },
        })
      }))

    it('resets the connections between a host and all others', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        net.host('b').listen({ port: 1 }).subscribe()
        expectEvents(net.host('a').connect({ host: 'b', port: 1 })).toBe('(co)-(x#)', {}, 'ECONNRESET')
        expectEvents(net.host('b').connect({ host: 'b', port: 1 })).toBe('(co)')
        at('-----r', {
          r: () => {
            net.reset('b')
          },
        })
      }))

    it('takes a host down, which its peers see as a reset', () =>
      run(({ expectEvents, at }) => {
        const net = memory({ latency: 1 })
        const down = { x: { type: 'close', reason: 'error', error: 'ENETDOWN' } }
        expectEvents(net.host('b').listen({ port: 1 })).toBe('lo---(x#)', down, 'ENETDOWN')
        expectEvents(net.host('b').connect({ host: 'a', port: 1 })).toBe('c-o--(x#)', down, 'ENETDOWN')
        expectEvents(net.host('a').listen({ port: 1 })).toBe('lo----x', { x: { type: 'close', error: 'ECONNRESET' } })
        expectEvents(net.host('a').connect({ host: 'b', port: 1 })).toBe('c-o---(x#)', {}, 'ECONNRESET')
        expectEvents(net.host('a').connect({ host: 'b', port: 1 }), '---------^').toBe(
          '---------c-(x#)',
          {},
          'ECONNREFUSED',
        )
        at('-----k', {
          k: () => {
            net.kill('b')
          },
        })
      }))

    it('refuses whoever dials again at once as a host goes down', () => {
      const net = memory()
      const told: string[] = []
      net
        .host('b')
        .listen({ port: 1 })
        .subscribe({ error: () => undefined })
      const dial = (next: () => void): void => {
        net
          .host('a')
          .connect({ host: 'b', port: 1 })
          .subscribe({
            next: event => {
              told.push(event.type)
              if (event.type === 'close') next()
            },
            error: () => undefined,
          })
      }
      dial(() => {
        dial(() => undefined)
      })
      net.kill('b')
      expect(told).to.deep.equal(['connecting', 'open', 'close', 'connecting', 'close'])
    })

    it('takes down a port, too, that is bound again as its connections go', () => {
      const net = memory()
      let listener: Listener | undefined
      let failed = false
      net
        .host('b')
        .listen({ port: 1 })
        .subscribe({
          next: event => {
            if (event.type === 'listening') listener = event.listener
            else if (event.type === 'close') listener?.resume()
          },
          error: () => (failed = true),
        })
      net
        .host('a')
        .connect({ host: 'b', port: 1 })
        .subscribe({ error: () => undefined })
      listener?.suspend()
      net.kill('b')
      expect([failed, net.open]).to.deep.equal([true, 0])
    })

    it('takes a host down in silence, until it listens again', () =>
      run(({ expectEvents, at }) => {
        const net = memory()
        const client = handled(net.host('a').connect({ host: 'b', port: 1 }))
        net
          .host('b')
          .listen({ port: 1 })
          .subscribe({ error: () => undefined })
        expectEvents(client.stream).toBe('(co)')
        expectEvents(net.host('a').connect({ host: 'b', port: 1, connectTimeout: 2 }), '-----^').toBe(
          '-----c-(t#)',
          { t: timeout },
          'ERR_CONNECT_TIMEOUT',
        )
        expectEvents(net.host('b').listen({ port: 1 }), '----------^').toBe('----------lo')
        expectEvents(net.host('a').connect({ host: 'b', port: 1 }), '-----------^').toBe('-----------(co)')
        at('----k---s', {
          k: () => {
            net.kill('b', { silent: true })
          },
          s: () => client.connection.send(bytes('anybody?')),
        })
      }))
  })

  describe('by chance', () => {
    const chances: Readonly<Record<string, readonly [LinkOptions, string, string, string]>> = {
      'refuses a dial': [{ refuse: 0.5 }, 'l', '(cx#)', 'ECONNREFUSED'],
      'never answers a dial': [{ stall: 0.5 }, 'l', 'c----(x#)', 'ERR_CONNECT_TIMEOUT'],
      'resets a connection': [{ reset: 0.5 }, '(loax)', '(cox#)', 'ECONNRESET'],
      'lets a connection fall silent': [{ silence: 0.5 }, '(loa)', '(co)', ''],
    }
    for (const [what, [options, server, client, error]] of Object.entries(chances)) {
      it(what, () =>
        run(({ expectEvents }) => {
          // Whatever is asked first does not happen to the client, and happens to the server's answer.
          const dials = 'refuse' in options || 'stall' in options
          const net = memory({ ...options, random: dials ? draws(0.4) : draws(0.6, 0.4) })
          const any = { x: { type: 'close' } }
          expectEvents(net.listen({ port: 1 }).pipe(echoing, echoing)).toBe(server, any)
          expectEvents(net.connect({ port: 1, connectTimeout: 5 }).pipe(telling('a'))).toBe(client, any, error)
        }),
      )
    }
  })

  it('delivers every byte in order, in both directions, however the network is', () => {
    const options = fc.record({
      latency: fc.integer({ min: 0, max: 5 }),
      jitter: fc.integer({ min: 0, max: 5 }),
      bandwidth: fc.constantFrom(Infinity, 0.5, 1, 7.5),
      chunk: fc.constantFrom<LinkOptions['chunk'] & {}>(1, 3, Infinity, [1, 5]),
      window: fc.constantFrom(1, 5, 64),
      random: fc.integer().map(seeded),
    })
    const texts = fc.array(fc.string({ maxLength: 12 }), { maxLength: 8 })
    check(
      fc.property(options, texts, texts, fc.nat(20), fc.nat(20), (how, up, down, cutAt, healAfter) => {
        const received = { client: '', server: '' }
        const scheduler = new TestScheduler(() => undefined)
        scheduler.run(({ flush }) => {
          const net = memory(how)
          const talk = (name: keyof typeof received, lines: readonly string[]) => (event: ConnectionEvent) => {
            if (event.type === 'packet') received[name] += Buffer.from(event.packet).toString('latin1')
            if (event.type !== 'open') return
            for (const line of lines) event.connection.send(Buffer.from(line, 'latin1'))
            event.connection.close()
          }
          net.listen({ port: 1, closeTimeout: 1000 }).subscribe(talk('server', down))
          net.connect({ port: 1, closeTimeout: 1000 }).subscribe(talk('client', up))
          timer(cutAt).subscribe(() => {
            net.cut('localhost', 'localhost')
          })
          timer(cutAt + healAfter).subscribe(() => {
            net.heal('localhost', 'localhost')
          })
          flush()
          expect(net.open).to.equal(1)
        })
        const latin1 = (lines: readonly string[]) => Buffer.from(lines.join(''), 'latin1').toString('latin1')
        expect(received).to.deep.equal({ client: latin1(down), server: latin1(up) })
      }),
    )
  })

  it('counts what is open', () => {
    const net = memory()
    const server = net.listen({ port: 1 }).subscribe()
    const client = net.connect({ port: 1 }).subscribe()
    expect(net.open).to.equal(3)
    client.unsubscribe()
    expect(net.open).to.equal(1)
    server.unsubscribe()
    expect(net.open).to.equal(0)
  })

  it('takes what is undefined for left out', () =>
    run(({ expectEvents }) => {
      const net = memory({ latency: 2, chunk: undefined, bandwidth: undefined } as object)
      net.link('localhost', 'localhost', { latency: undefined } as object)
      net.listen({ port: 1 }).pipe(telling('a')).subscribe()
      expectEvents(net.connect({ port: 1, connectTimeout: undefined } as never)).toBe('c---(oa)')
    }))

  it('names all faults of its options, before anything is opened', () => {
    const net = memory()
    const faults = (act: () => unknown) => {
      try {
        act()
        return []
      } catch (error) {
        expect(error).to.be.instanceOf(SluiceError).with.property('code', 'ERR_OPTIONS')
        return (error as SluiceError).message.split('; ')
      }
    }
    expect(faults(() => memory({ latency: -1, chunk: [3, 2], speed: 1 } as MemoryOptions))).to.deep.equal([
      'memory: latency must be milliseconds, 0 to 2147483647, not -1',
      'chunk must be a whole number of bytes, more than 0, or the least and the most of it, not an object',
      'speed is not an option',
    ])
    const changing = () => {
      net.link('a', 'b', { reset: 2, bandwidth: 0 })
    }
    expect(faults(changing)).to.deep.equal([
      'memory.link: reset must be a chance, from 0 to 1, not 2',
      'bandwidth must be bytes per millisecond, more than 0, not 0',
    ])
    expect(faults(() => net.connect({ host: '', port: 0 }))).to.deep.equal([
      "memory.connect: host must be a string that is not empty, not ''",
      'port must be a whole number from 1 to 65535, not 0',
    ])
    expect(faults(() => net.listen({ port: -1, backlog: 0 }))).to.deep.equal([
      'memory.listen: port must be a whole number from 0 to 65535, not -1',
      'backlog must be a whole number, more than 0, not 0',
    ])
    expect(faults(() => net.listen({} as MemoryPlace))).to.deep.equal(['memory.listen: port is missing'])
    expect(faults(() => net.connect({} as MemoryTarget))).to.deep.equal(['memory.connect: port is missing'])
    expect(net.open).to.equal(0)
  })
})
