// What `framed` adds to the decoder inside, and that a frame in many chunks costs no more than its bytes; in process.

import { inProcess, job } from '../support/job.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'

const jobs = new URL('decoders.js', import.meta.url)
const report = new Report('framing/framed')
const KiB = 1024

const sizes = [
  { size: 16, chunk: 64 * KiB },
  { size: 256, chunk: 1_400 },
  { size: 256, chunk: 64 * KiB },
]

for (const { size, chunk } of sizes) {
  const by = (name: string) => () => job(jobs, name, 'length', size, chunk)
  const { framed, bare } = await race({ framed: by('framedOperator'), bare: by('bareDecoder') }, inProcess)
  report.compare(`framed, ${size} B in chunks of ${chunk}`, framed, 'the bare decoder', bare, { atLeast: 0.8 })
}

const bytes = (size: number, chunk: number) => async () => {
  const frames = await job(jobs, 'framedOperator', 'length', size, chunk)
  return { ...frames, run: async (ms: number) => ({ value: ((await frames.run(ms)).value * size) / 1e6 }) }
}
const { large, small } = await race({ large: bytes(1024 * KiB, 1_400), small: bytes(64 * KiB, 64 * KiB) }, inProcess)
report.compare('a frame of 1 MiB in chunks of 1400, MB/s', large, 'frames of 64 KiB in chunks of 64 KiB', small, {
  atLeast: 0.5,
})
