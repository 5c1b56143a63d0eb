// Packs the package, and lays out programs that have it installed: one that runs anywhere, one in browsers and one on Node. They import
// every entry and compile the type specs, so that each compiler judges what is published, not what lies here.

import { execSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

const { name, version, exports } = JSON.parse(readFileSync('package.json', 'utf8'))
const entries = Object.keys(exports).map(path => path.replace('.', name))
const forNode = [`${name}/net`, `${name}/websocket`]

const out = 'build/package'
const installed = `${out}/node_modules/${name}`
rmSync(out, { recursive: true, force: true })
mkdirSync(installed, { recursive: true })
execSync(`npm pack --ignore-scripts --silent --pack-destination ${out}`, { stdio: ['ignore', 'ignore', 'inherit'] })
renameSync(`${out}/${name}-${version}.tgz`, `${out}/${name}.tgz`)
execSync(`tar -xzf ${out}/${name}.tgz --strip-components=1 -C ${installed}`)

const inBrowsers = entries.filter(entry => entry !== `${name}/net`)
const neutral = entries.filter(entry => !forNode.includes(entry))
program(`${out}/neutral`, neutral, { lib: ['ES2023', 'DOM'], types: [] })
program(`${out}/browser`, inBrowsers, { lib: ['ES2023', 'DOM'], types: [], customConditions: ['browser'] })
copy('spec/browser/scenes.ts', `${out}/browser/types/scenes.ts`)
program(`${out}/node`, entries, { lib: ['ES2023'], types: ['node'] })
copy('spec/types', `${out}/node/types`)
copy('spec/support/types.ts', `${out}/node/support/types.ts`)

function program(folder, imported, platform) {
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    noEmit: true,
    ...platform,
  }
  mkdirSync(folder)
  writeFileSync(`${folder}/package.json`, JSON.stringify({ type: 'module' }))
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions, include: ['index.ts', 'types'] }))
  writeFileSync(`${folder}/index.ts`, imported.map((entry, i) => `export * as entry${i} from '${entry}'\n`).join(''))
}

function copy(from, to) {
  if (existsSync(from)) cpSync(from, to, { recursive: true })
}
