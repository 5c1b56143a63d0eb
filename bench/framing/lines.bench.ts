// Lines of text as strings, in process.

import { inProcess, job } from '../support/job.js'
import { race } from '../support/race.js'
import { Report } from '../support/report.js'

const jobs = new URL('decoders.js', import.meta.url)
const report = new Report('framing/lines')

const sizes = [
  { size: 16, chunk: 64 * 1024 },
  { size: 100, chunk: 1_400 },
  { size: 256, chunk: 64 * 1024 },
]

for (const { size, chunk } of sizes) {
  const by = (name: string) => () => job(jobs, name, 'lines', size, chunk)
  const { sluice, split2 } = await race({ sluice: by('decodeOperator'), split2: by('split2') }, inProcess)
  report.compare(`lines of ${size} B in chunks of ${chunk}`, sluice, 'split2', split2, { atLeast: 4 })
}
