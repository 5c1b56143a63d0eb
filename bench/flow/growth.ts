import { setTimeout as pause } from 'node:timers/promises'
import { remote } from '../support/remote.js'
import type { Report } from '../support/report.js'
import type * as Sender from './sender.js'

const MiB = 2 ** 20
const ALL = 1024 * MiB
const WARM_UP = 8 * MiB
const EVERY = 250

/** Servers whose packets take a millisecond each, by name, and how far they have come. */
export type Consumers = Readonly<Record<string, () => Promise<number>>> & { readonly progress: () => Progress }

export interface Progress {
  readonly handled: number
  readonly bytes: number
}

export interface Growth extends Progress {
  /** By how many bytes the resident memory has grown, every quarter of a second. */
  readonly samples: readonly number[]
}

/** Sends 1 GiB to a consumer, for so many milliseconds at most, and watches its memory. */
export async function growth(consumers: URL, name: string, speech: Sender.Speech, ms: number): Promise<Growth> {
  const consumer = await remote<Consumers>(consumers)
  const sender = await remote<typeof Sender>(new URL('sender.js', import.meta.url))
  const port = await consumer[name]?.()
  if (port === undefined) throw new Error(`no consumer ${name} in ${consumers.pathname}`)
  // What the first packets load and compile does not grow with the others.
  await sender.send(port, WARM_UP, ms, speech)
  await consumer.collectGarbage()
  const start = (await consumer.usage()).resident
  const samples: number[] = []
  const sent = sender.send(port, ALL, ms, speech)
  while ((await Promise.race([sent, pause(EVERY)])) === undefined) {
    samples.push((await consumer.usage()).resident - start)
  }
  const progress = await consumer.progress()
  await sender.stop()
  await consumer.stop()
  return { samples, ...progress }
}

/** Whether it stays below the mark and 32 MiB, and is flat: what it has reached after a third of the time it does not outgrow by more than noise. */
export function judge(report: Report, { samples, bytes, handled }: Growth, highMark: number): void {
  const what = `growth of memory while ${Math.round((bytes - WARM_UP) / MiB)} MiB go into a slow consumer`
  report.row(what, 'the high mark + 32 MiB', [Math.max(...samples) / (highMark + 32 * MiB)], { atMost: 1 })

  const third = Math.ceil(samples.length / 3)
  const early = Math.max(...samples.slice(0, third))
  const later = samples.slice(third).map(sample => (early + (sample - early)) / early)
  report.row('the same, after the first third of the time', 'the most in that', [Math.max(...later)], { atMost: 1 })
  report.note(`MiB, every ${EVERY} ms: ${samples.map(inMiB).join(' ')}; ${handled} packets`)
}

export function inMiB(bytes: number): string {
  return (bytes / MiB).toFixed(0)
}
