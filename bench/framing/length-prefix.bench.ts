// Frames told apart by their length, in process: ours through `decode`, as it is used, against the best of the peers
// in each round.

import { inProcess, job } from '../support/job.js'
import { race, best } from '../support/race.js'
import { Report } from '../support/report.js'
import type { Format } from './frames.js'

const jobs = new URL('decoders.js', import.meta.url)
const report = new Report('framing/length-prefix')

const sizes = [
  { size: 16, chunk: 64 * 1024 },
  { size: 256, chunk: 1_400 },
  { size: 256, chunk: 64 * 1024 },
]

for (const { size, chunk } of sizes) {
  const by = (name: string, format: Format) => () => job(jobs, name, format, size, chunk)
  const what = `${size} B in chunks of ${chunk}`

  const fixed = await race(
    {
      sluice: by('decodeOperator', 'length'),
      'frame-stream': by('frameStream', 'length'),
      'it-length-prefixed': by('itLengthPrefixed', 'length'),
      bl: by('bl', 'length'),
    },
    inProcess,
  )
  report.compare(`4 bytes of length, ${what}`, fixed.sluice, ...best(fixed, 'sluice'), { atLeast: 2 })

  const varint = await race(
    {
      sluice: by('decodeOperator', 'varint'),
      'length-prefixed-stream': by('lengthPrefixedStream', 'varint'),
      'it-length-prefixed': by('itLengthPrefixed', 'varint'),
    },
    inProcess,
  )
  report.compare(`varint, ${what}`, varint.sluice, ...best(varint, 'sluice'), { atLeast: 2 })
}
