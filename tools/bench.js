// `npm run bench -- [NAME] [--json]`: runs the benches whose path contains NAME, each in a process of its own. They
// print a row per comparison, with --json as a line of JSON; what is not a row goes to the standard error then. The
// exit code tells whether all have run, and `holds` in each row whether its target was reached.

import { execSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

const args = process.argv.slice(2)
const name = args[0]?.startsWith('-') === false ? args.shift() : ''
const benches = readdirSync('build/bench', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.bench.js') && file.includes(name))
  .sort()

if (benches.length === 0) console.error(`no bench/**/*.bench.ts has "${name}" in its path`)
else installPeers()
const failed = benches.filter(file => {
  if (!args.includes('--json')) console.log(`\n${file.replace('.bench.js', '')}`)
  const run = spawnSync(process.execPath, [join('build/bench', file), ...args], { stdio: 'inherit' })
  return run.status !== 0
})
process.exitCode = benches.length === 0 || failed.length > 0 ? 1 : 0

/** Those we are measured against have a package of their own, since nothing else needs them. */
function installPeers() {
  const installed = 'bench/peers/node_modules/.package-lock.json'
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync('bench/peers/package-lock.json').mtimeMs) return
  console.error('installs what we are measured against')
  execSync('npm ci --prefix bench/peers --no-audit --no-fund', { stdio: ['ignore', 'ignore', 'inherit'] })
}
