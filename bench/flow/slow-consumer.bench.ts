// 1 GiB into a consumer that takes a millisecond for each packet, from a peer that sends without a pause. It is
// compared with no rival but with its bound: by how much the resident memory has grown, over the high mark and 32
// MiB.
//
// The high mark is what `consume` lets wait: 16 packets, each one read of 64 KiB at most. The 32 MiB are Node's: so
// much of what it has read and nobody holds any more V8 lets lie about before it looks, which bare sockets show just
// as well. A packet takes Node's timer, a little more than a millisecond, so the whole takes about 20 s; after 45 s
// it is cut short, and what came through is told.

import { Report } from '../support/report.js'
import { growth, inMiB, judge } from './growth.js'

const consumers = new URL('consumers.js', import.meta.url)
const speech = { chunk: Buffer.alloc(64 * 1024, 'x') }
const report = new Report('flow/slow-consumer')

judge(report, await growth(consumers, 'sluice', speech, 45_000), 16 * 64 * 1024)
const unheld = await growth(consumers, 'unheld', speech, 3_000)
report.note(`for comparison RxJS's concatMap, which holds nobody back: ${unheld.samples.map(inMiB).join(' ')}`)
