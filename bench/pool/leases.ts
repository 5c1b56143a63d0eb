// Pools that lease what costs nothing to make, so that it is the leasing that is measured. Each function works for so
// many milliseconds and answers how many leases were given back per second.

import { NEVER, startWith, type Observable } from 'rxjs'
import type { Connection, ConnectionEvent } from 'sluice'
import { pool } from 'sluice/pool'
import { recordingConnection } from 'sluice/testing'
import { peer } from '../support/peer.js'
import { perSecond } from '../support/job.js'

const SIZE = 8
const TIMES = 1_000

type Events = ConnectionEvent<never, Connection<never>>

/** A connection that is open at once and has nothing to tell. */
function open(): Observable<Events> {
  return NEVER.pipe(startWith<Events>({ type: 'open', connection: recordingConnection<never>(), session: 1 }))
}

const sluicePool = pool(() => open(), { endpoints: ['a'], size: SIZE, max: SIZE, maxPending: Infinity })
let started = false

/** One after the other, as generic-pool and tarn are asked, too. */
export function sluice(ms: number): Promise<number> {
  if (!started) sluicePool.subscribe()
  started = true
  return perSecond(ms, () => {
    for (let count = 0; count < TIMES; count += 1) {
      sluicePool.lease().subscribe(lease => {
        lease.release()
      })
    }
    return TIMES
  })
}

/** More want one than there are: each waits for its turn. */
export function sluiceQueued(ms: number): Promise<number> {
  if (!started) sluicePool.subscribe()
  started = true
  return perSecond(ms, async () => {
    let left = TIMES
    await new Promise<void>(resolve => {
      for (let count = 0; count < TIMES; count += 1) {
        sluicePool.lease().subscribe(lease => {
          queueMicrotask(() => {
            lease.release()
            left -= 1
            if (left === 0) resolve()
          })
        })
      }
    })
    return TIMES
  })
}

interface Peer {
  readonly acquire: () => Promise<object>
  readonly release: (resource: object) => void
}

export function genericPool(ms: number): Promise<number> {
  return oneByOne(ms, genericPeer())
}

export function genericPoolQueued(ms: number): Promise<number> {
  return queued(ms, genericPeer())
}

export function tarn(ms: number): Promise<number> {
  return oneByOne(ms, tarnPeer())
}

export function tarnQueued(ms: number): Promise<number> {
  return queued(ms, tarnPeer())
}

async function oneByOne(ms: number, made: Promise<Peer>): Promise<number> {
  const resources = await made
  return perSecond(ms, async () => {
    for (let count = 0; count < TIMES; count += 1) resources.release(await resources.acquire())
    return TIMES
  })
}

async function queued(ms: number, made: Promise<Peer>): Promise<number> {
  const resources = await made
  return perSecond(ms, async () => {
    const use = async (): Promise<void> => {
      resources.release(await resources.acquire())
    }
    await Promise.all(Array.from({ length: TIMES }, use))
    return TIMES
  })
}

let generic: Peer | undefined
let tarns: Peer | undefined

async function genericPeer(): Promise<Peer> {
  if (generic !== undefined) return generic
  const { createPool } = await peer<{
    createPool: (
      factory: object,
      options: object,
    ) => { acquire: Peer['acquire']; release: (resource: object) => Promise<void> }
  }>('generic-pool')
  const made = createPool(
    { create: () => Promise.resolve({}), destroy: () => Promise.resolve() },
    { max: SIZE, min: SIZE },
  )
  generic = { acquire: () => made.acquire(), release: resource => void made.release(resource) }
  return generic
}

async function tarnPeer(): Promise<Peer> {
  if (tarns !== undefined) return tarns
  const { Pool } = await peer<{
    Pool: new (options: object) => {
      acquire: () => { promise: Promise<object> }
      release: (resource: object) => boolean
    }
  }>('tarn')
  const made = new Pool({ create: () => ({}), destroy: () => undefined, min: SIZE, max: SIZE })
  tarns = { acquire: () => made.acquire().promise, release: resource => void made.release(resource) }
  return tarns
}
