// Clients with so many messages outstanding, against one server. Each answers how many came back per second.

import { Subject, switchMap, type Observable } from 'rxjs'
import { webSocket as rxjsWebSocket } from 'rxjs/webSocket'
import { webSocket } from 'sluice/websocket'
import { WebSocket } from 'ws'
import { peer } from '../support/peer.js'

const OUTSTANDING = 64
const message = 'x'.repeat(16)

/** Something that can send a message, and tells when one has come. */
class Exchange {
  onMessage: () => void = ignore
  readonly send: (text: string) => void

  constructor(send: (text: string) => void) {
    this.send = send
  }

  run(ms: number): Promise<number> {
    return new Promise(resolve => {
      const start = performance.now()
      let answers = 0
      let outstanding = OUTSTANDING
      this.onMessage = () => {
        answers += 1
        if (performance.now() - start < ms) {
          this.send(message)
          return
        }
        outstanding -= 1
        if (outstanding === 0) resolve((answers / (performance.now() - start)) * 1000)
      }
      for (let count = 0; count < OUTSTANDING; count += 1) this.send(message)
    })
  }
}

export const sluice = running(url => {
  return new Promise(resolve => {
    let exchange: Exchange | undefined
    webSocket.connect(url).subscribe(event => {
      if (event.type === 'packet') exchange?.onMessage()
      else if (event.type === 'open') {
        exchange = new Exchange(event.connection.send.bind(event.connection))
        resolve(exchange)
      }
    })
  })
})

export const rxjs = running(url => {
  return new Promise(resolve => {
    const socket = rxjsWebSocket<string>({
      url,
      WebSocketCtor: WebSocket as never,
      serializer: text => text,
      deserializer: ({ data }) => data as string,
      openObserver: {
        next() {
          resolve(exchange)
        },
      },
    })
    const exchange = new Exchange(text => {
      socket.next(text)
    })
    socket.subscribe(() => {
      exchange.onMessage()
    })
  })
})

/** A module of CommonJS, as which its default is twice so. */
interface RxjsWebsockets {
  readonly default: {
    readonly default: (
      url: string,
      options: { readonly makeWebSocket: (url: string) => unknown },
    ) => Observable<(input: Observable<string>) => Observable<string>>
  }
}

export const rxjsWebsockets = running(async url => {
  const { default: connect } = (await peer<RxjsWebsockets>('rxjs-websockets')).default
  const input = new Subject<string>()
  const exchange = new Exchange(text => {
    input.next(text)
  })
  return new Promise(resolve => {
    connect(url, { makeWebSocket: target => new WebSocket(target) })
      .pipe(
        switchMap(speak => {
          queueMicrotask(() => {
            resolve(exchange)
          })
          return speak(input)
        }),
      )
      .subscribe(() => {
        exchange.onMessage()
      })
  })
})

/** A client that connects when it is first run. */
function running(connect: (url: string) => Promise<Exchange>): (ms: number, port: number) => Promise<number> {
  let exchange: Promise<Exchange> | undefined
  return async (ms, port) => (await (exchange ??= connect(`ws://127.0.0.1:${port}`))).run(ms)
}

function ignore(): void {
  // Nothing is asked for yet.
}
