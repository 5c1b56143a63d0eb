// Leasing and giving back, with nothing done in between: while one is always idle, and while a thousand want one of
// eight.

import { job } from '../support/job.js'
import { best, race } from '../support/race.js'
import { Report } from '../support/report.js'

const jobs = new URL('leases.js', import.meta.url)
const report = new Report('pool/lease')

const rows = [
  { what: 'lease and give back', suffix: '', target: { atLeast: 2 } },
  // For the reader: what a promise costs, or a microtask, is most of it.
  { what: 'lease and give back, a thousand waiting', suffix: 'Queued', target: {} },
]

for (const { what, suffix, target } of rows) {
  const by = (name: string) => () => job(jobs, `${name}${suffix}`)
  const results = await race({ sluice: by('sluice'), genericPool: by('genericPool'), tarn: by('tarn') })
  const [name, peers] = best(results, 'sluice')
  report.compare(what, results.sluice, name, peers, target)
}
