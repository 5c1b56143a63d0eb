// `npm test`: every check there is, one after the other. One that fails shows its output and the run goes on; the last
// line is the sum, where each spec counts, and each check that has none.

import { existsSync, statSync } from 'node:fs'
import { run } from './run.js'

const here = process.version.slice(1).split('.')[0]
const others = ['20', '22', '24'].filter(major => major !== here)
const versions = 'tools/versions/node_modules'
const mocha = 'node_modules/mocha/bin/mocha.js --forbid-only'

const sum = { passed: 0, failed: 0, skipped: 0 }

await check('build', 'tsc -b && node tools/prune.js')
await check('format', 'prettier --check .')
await check('lint', 'eslint .')
await check(`specs on Node ${here}`, `c8 node ${mocha}`)
await check('coverage', 'c8 report --check-coverage')
if (stale(versions)) await check('other versions', 'npm ci --prefix tools/versions --no-audit --no-fund')
for (const major of others) {
  const binary = `${versions}/node-${major}/bin/node`
  await check(`specs on Node ${major}`, existsSync(binary) && `${binary} ${mocha}`)
}
await check('package', 'node tools/pack.js')
await check('publint', 'publint build/package/sluice.tgz --strict')
await check('attw', 'attw build/package/sluice.tgz --profile esm-only')
await check('types for TypeScript 6.0', consumers('node_modules/typescript'))
await check('types for TypeScript 5.9', consumers(`${versions}/typescript-5.9`))
await check('types for TypeScript 7.0', consumers(`${versions}/typescript-7.0`))
await check('docs', 'typedoc')

const { passed, failed, skipped } = sum
console.log(skipped > 0 ? `\n${skipped} skipped` : '')
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Runs one check. No command: it can't be had on this platform, which is a failure only where all must be had. */
async function check(name, command) {
  if (!command) {
    const mandatory = process.env.CI === 'true'
    sum[mandatory ? 'failed' : 'skipped'] += 1
    return console.log(`${mandatory ? '✗' : '-'} ${name}: not on this platform`)
  }
  const start = Date.now()
  const { ok, output } = await run(command)
  const specs = counted(output)
  const counts = specs ?? { passing: Number(ok), failing: 0, pending: 0 }
  if (!ok && counts.failing === 0) counts.failing = 1

  sum.passed += counts.passing
  sum.failed += counts.failing
  sum.skipped += counts.pending
  if (!ok) console.log(`\n${output.trim()}\n`)
  const seconds = ((Date.now() - start) / 1000).toFixed(1)
  console.log(`${ok ? '✓' : '✗'} ${name}${specs ? `: ${specs.passing} passed` : ''} (${seconds} s)`)
}

/** The closing lines of mocha, or undefined where there are none. */
function counted(output) {
  const lines = [...output.matchAll(/^ {2}(\d+) (passing|failing|pending)\b/gm)]
  if (lines.length === 0) return undefined
  return Object.assign({ passing: 0, failing: 0, pending: 0 }, ...lines.map(([, n, kind]) => ({ [kind]: Number(n) })))
}

function consumers(typescript) {
  const tsc = `node ${typescript}/bin/tsc`
  return ['neutral', 'browser', 'node'].map(program => `${tsc} -p build/package/${program}`).join(' && ')
}

/** Whether an installation is missing, or older than its lock. */
function stale(modules) {
  const installed = `${modules}/.package-lock.json`
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync(`${modules}/../package-lock.json`).mtimeMs
}
