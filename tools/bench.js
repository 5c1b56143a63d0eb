// `npm run bench -- [NAME] [OPTION...]`: runs the benches whose path contains NAME, each in a process of its own, and gives
// them the options.

import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

const args = process.argv.slice(2)
const name = args[0]?.startsWith('-') === false ? args.shift() : ''
const benches = readdirSync('build/bench', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.bench.js') && file.includes(name ?? ''))
  .sort()

if (benches.length === 0) console.error(`no bench/**/*.bench.ts has "${name ?? ''}" in its path`)
const failed = benches.filter(file => {
  const run = spawnSync(process.execPath, ['--expose-gc', join('build/bench', file), ...args], { stdio: 'inherit' })
  return run.status !== 0
})
process.exitCode = benches.length === 0 || failed.length > 0 ? 1 : 0
