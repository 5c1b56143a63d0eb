import { Subject } from 'rxjs'
import type { Connection } from '../../connection/connection.js'
import type { ConnectionEvent } from '../../connection/event.js'
import { echo, someBytes } from './bytes.js'
import { same } from './check.js'
import { casesOf, type Law } from './law.js'
import type { React, Witness } from './witness.js'

type Act = (connection: Connection, witness: Witness) => void

/** What may be done to a connection inside of `next`. */
const acts: Readonly<Record<string, Act>> = {
  send: connection => connection.send(someBytes(10)),
  pause: connection => {
    connection.pause().unsubscribe()
  },
  end: connection => {
    connection.end()
  },
  close: connection => {
    connection.close()
  },
  destroy: connection => {
    connection.destroy(new Error('inside of next'))
  },
  unsubscribe: (_, witness) => {
    witness.leave()
  },
}

const moments = ['connecting', 'open', 'packet', 'end', 'close'] as const

const ask: React = event => {
  if (event.type === 'open') event.connection.send(someBytes(10))
  if (event.type === 'packet') event.connection.close()
}

/** At the first event of a type does this instead of the other. */
function actingAt(moment: ConnectionEvent['type'], act: Act, otherwise: React): React {
  return (event, witness) => {
    const acts = event.type === moment && witness.all(moment).length === 1 && 'connection' in event
    if (acts) act(event.connection, witness)
    if (!acts || moment === 'open') otherwise(event, witness)
  }
}

/** Law 11: what happens inside `next` is told after `next` has returned. Every scene looks for what is told inside. */
export const turnsLaw: readonly Law[] = [
  ...Object.entries(acts).flatMap(([name, act]) =>
    casesOf(11, {
      async [`${name} may be called inside of next, at every event of a dial`](scene) {
        for (const moment of moments) {
          const { place } = await scene.listen({}, echo)
          const client = scene.dial(place, {}, actingAt(moment, act, ask))
          if (moment === 'packet') await client.next('packet')
          client.all('open').forEach(({ connection }) => {
            if (moment === 'packet') connection.close()
          })
          await client.end()
        }
      },

      async [`${name} may be called inside of next, at every event of a listening stream`](scene) {
        for (const moment of moments.slice(1)) {
          const { place } = await scene.listen({}, actingAt(moment, act, echo))
          const client = scene.dial(place, {}, ask)
          if (moment === 'packet') await client.next('open')
          client.all('open').forEach(({ connection }) => {
            if (moment === 'packet') connection.close()
          })
          await client.end()
        }
      },
    }),
  ),

  ...casesOf(11, {
    async 'all subscribers see the same order'(scene) {
      const { place } = await scene.listen({}, echo)
      const shared = new Subject<ConnectionEvent>()
      const orders: string[][] = [[], []]
      const [first] = orders.map((order, index) =>
        scene.watch(shared, event => {
          order.push(event.type)
          if (index === 0 && event.type === 'open') event.connection.destroy()
        }),
      )
      scene.candidate.connect(place, {}).subscribe(shared)
      await first?.end()
      same(orders[1], orders[0], 'the order at the second subscriber')
      same(orders[0], ['connecting', 'open', 'close'], 'the order')
    },
  }),
]
