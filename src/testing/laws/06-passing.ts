import { concat, NEVER, of } from 'rxjs'
import type { TypedEvent } from '../../connection/event.js'
import { perConnection } from '../../connection/per-connection.js'
import { someBytes } from './bytes.js'
import { check, same } from './check.js'
import { casesOf } from './law.js'

/** Law 6: operators pass through the events that they do not understand. */
export const passingLaw = casesOf(6, {
  async 'an event of a type that nobody knows passes, as it is and in its place'(scene) {
    const { operator = perConnection(packets => packets) } = scene.candidate
    const { place } = await scene.listen()
    const dialled = scene.dial(place)
    const open = await dialled.next('open')
    const packet = { type: 'packet', connection: open.connection, packet: someBytes(10) }
    const unknown = [{ type: 'weather' }, { type: 'heartbeat', connection: open.connection, roundTrip: 12 }] as const
    const told: TypedEvent[] = []
    const subscription = concat(of(unknown[0], open, packet, unknown[1], packet), NEVER)
      .pipe(operator)
      .subscribe(event => told.push(event))
    subscription.unsubscribe()
    same(
      told.map(({ type }) => type),
      ['weather', 'open', 'packet', 'heartbeat', 'packet'],
      'the types that passed',
    )
    check(told[0] === unknown[0], 'an event of no connection was changed')
    check('roundTrip' in (told[3] ?? {}), 'an event of a connection has lost what it says')
  },
})
