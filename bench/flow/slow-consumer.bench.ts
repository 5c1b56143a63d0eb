// 1 GiB into a consumer that takes a millisecond for each packet, from a peer that sends without a pause. It is
// compared with no rival but with its bound: by how much the resident memory has grown, over the high mark and 32
// MiB.
//
// The high mark is what `consume` lets wait: 16 packets, each one read of 64 KiB at most. The 32 MiB are Node's: so
// much of what it has read and nobody holds any more V8 lets lie about before it looks, which bare sockets show just
// as well. A packet takes Node's timer, a little more than a millisecond, so the whole takes about 20 s; after 45 s
// it is cut short, and what came through is told.

import { setTimeout as pause } from 'node:timers/promises'
import { remote } from '../support/remote.js'
import { Report } from '../support/report.js'
import type * as Consumers from './consumers.js'
import type * as Sender from './sender.js'

const MiB = 2 ** 20
const ALL = 1024 * MiB
const WARM_UP = 8 * MiB
const HIGH_MARK = 16 * 64 * 1024
const BOUND = HIGH_MARK + 32 * MiB
const EVERY = 250

const report = new Report('flow/slow-consumer')

interface Watched {
  readonly samples: readonly number[]
  readonly bytes: number
  readonly handled: number
}

/** How much the resident memory has grown, every quarter of a second. */
async function watch(name: 'sluice' | 'unheld', ms: number): Promise<Watched> {
  const consumer = await remote<typeof Consumers>(new URL('consumers.js', import.meta.url))
  const sender = await remote<typeof Sender>(new URL('sender.js', import.meta.url))
  const port = await consumer[name]()
  // What the first packets load and compile does not grow with the others.
  await sender.send(port, WARM_UP, ms)
  await consumer.collectGarbage()
  const start = (await consumer.usage()).resident
  const samples: number[] = []
  const sent = sender.send(port, ALL, ms)
  while ((await Promise.race([sent, pause(EVERY)])) === undefined) {
    samples.push((await consumer.usage()).resident - start)
  }
  const progress = await consumer.progress()
  await sender.stop()
  await consumer.stop()
  return { samples, ...progress }
}

const held = await watch('sluice', 45_000)
const what = `growth of memory while ${Math.round((held.bytes - WARM_UP) / MiB)} MiB go into a slow consumer`
report.row(what, 'the high mark + 32 MiB', [Math.max(...held.samples) / BOUND], { atMost: 1 })

// Flat: what it has reached after a third of the time it does not outgrow by more than noise.
const third = Math.ceil(held.samples.length / 3)
const early = Math.max(...held.samples.slice(0, third))
const later = held.samples.slice(third).map(sample => (early + (sample - early)) / early)
report.row('the same, after the first third of the time', 'the most in that', [Math.max(...later)], { atMost: 1 })
report.note(`MiB, every ${EVERY} ms: ${held.samples.map(inMiB).join(' ')}; ${held.handled} packets`)

const unheld = await watch('unheld', 3_000)
report.note(`for comparison RxJS's concatMap, which holds nobody back: ${unheld.samples.map(inMiB).join(' ')}`)

function inMiB(bytes: number): string {
  return (bytes / MiB).toFixed(0)
}
