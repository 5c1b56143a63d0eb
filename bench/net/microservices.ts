// Microservices that answer a call with its argument. Each answers its port.

import type { Server } from 'node:net'
import { framed, type Codec, type Decoder } from 'sluice/framing'
import { tcp } from 'sluice/net'
import { peer } from '../support/peer.js'
import { packed, type Call } from './microservice.js'

export function sluice(): Promise<number> {
  return new Promise(resolve => {
    tcp
      .listen({ port: 0, host: '127.0.0.1' })
      .pipe(framed(nestCodec))
      .subscribe(event => {
        if (event.type === 'packet') {
          const { data, id } = event.packet
          event.connection.send({ response: data, isDisposed: true, id })
        } else if (event.type === 'listening') resolve(event.listener.endpoint.port ?? 0)
      })
  })
}

const nestCodec: Codec<Call, object> = {
  decoder: () => new NestDecoder(),
  encode(message, write) {
    write(packed(message))
  },
}

class NestDecoder implements Decoder<Call> {
  #rest = ''

  decode(chunk: Uint8Array, emit: (packet: Call) => boolean): void {
    this.#rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    let at = 0
    for (let hash = this.#rest.indexOf('#'); hash > 0; hash = this.#rest.indexOf('#', at)) {
      const start = hash + 1
      const end = start + Number(this.#rest.slice(at, hash))
      if (end > this.#rest.length) break
      at = end
      if (!emit(JSON.parse(this.#rest.slice(start, end)) as Call)) break
    }
    this.#rest = this.#rest.slice(at)
  }

  rest(): Uint8Array {
    return Buffer.from(this.#rest, 'latin1')
  }

  end(): void {
    // What is unfinished is nobody's call.
  }
}

type Decorator = (target: object, key?: string, descriptor?: PropertyDescriptor) => void

interface Nest {
  readonly common: { Module: (metadata: object) => Decorator; Controller: () => Decorator }
  readonly core: { NestFactory: { createMicroservice: (module: object, options: object) => Promise<Microservice> } }
  readonly microservices: { MessagePattern: (pattern: string) => Decorator; Transport: { TCP: number } }
}

interface Microservice {
  listen(): Promise<void>
  unwrap(): Server
}

export async function nest(): Promise<number> {
  await peer('reflect-metadata')
  const { Module, Controller } = await peer<Nest['common']>('@nestjs/common')
  const { NestFactory } = await peer<Nest['core']>('@nestjs/core')
  const { MessagePattern, Transport } = await peer<Nest['microservices']>('@nestjs/microservices')

  class Echo {
    echo(data: unknown): unknown {
      return data
    }
  }
  class Application {
    readonly controllers = [Echo]
  }
  Controller()(Echo)
  MessagePattern('echo')(Echo.prototype, 'echo', Object.getOwnPropertyDescriptor(Echo.prototype, 'echo'))
  Module({ controllers: [Echo] })(Application)

  const options = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 }, logger: false }
  const service = await NestFactory.createMicroservice(Application, options)
  await service.listen()
  const address = service.unwrap().address()
  return typeof address === 'object' && address !== null ? address.port : 0
}
