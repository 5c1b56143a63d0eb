import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { exportsOf, type Names } from './support/exports.js'

interface Files {
  readonly types: string
  readonly default: string
}

interface Manifest {
  readonly exports: Readonly<Record<string, Files & { readonly browser?: Files }>>
}

const { exports: entries } = read<Manifest>('package.json')

/** Every public name. What is added here is promised to the users; edit it by hand, and tell the changelog. */
const promised = read<Readonly<Record<string, Names>>>('spec/exports.json')

const root = new URL('../../', import.meta.url)

const forNode = ['./net', './websocket']

describe('The entries', () => {
  it('are those that are promised', () => {
    const forBrowsers = Object.keys(entries).filter(entry => entries[entry]?.browser !== undefined)
    expect([...Object.keys(entries), ...forBrowsers.map(inBrowsers)]).to.have.members(Object.keys(promised))
  })

  it('are in the guide, with what comes from each', () => {
    const guide = readFileSync('docs/guide/README.md', 'utf8')
    for (const entry of Object.keys(entries)) {
      const [, row = ''] = new RegExp(`^\\| \`${entry.replace('.', 'sluice')}\` \\| (.*) \\|$`, 'm').exec(guide) ?? []
      const told = [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name)
      expect(told, entry).to.have.members(valuesOf(entry))
    }
  })

  for (const [entry, { browser }] of Object.entries(entries)) {
    if (browser === undefined) continue

    describe(inBrowsers(entry.replace('.', 'sluice')), () => {
      const exported = exportsOf(browser.types)

      it('exports the names that are promised, and no other', () => {
        expect(exported.names).to.deep.equal(promised[inBrowsers(entry)])
      })

      it('says of each name what it is', () => {
        expect(exported.undocumented).to.deep.equal([])
      })

      it('loads nothing of Node', async () => {
        expect(await loadWithoutNode(new URL(browser.default, root).href)).to.equal('')
      })
    })
  }

  for (const [entry, files] of Object.entries(entries)) {
    const specifier = entry.replace('.', 'sluice')

    describe(specifier, () => {
      const exported = exportsOf(files.types)

      it('exports the names that are promised, and no other', () => {
        expect(exported.names).to.deep.equal(promised[entry])
      })

      it('says of each name what it is', () => {
        expect(exported.undocumented).to.deep.equal([])
      })

      it('loads, with all its values', async () => {
        const loaded = (await import(specifier)) as object
        expect(Object.keys(loaded)).to.have.members(valuesOf(entry))
      })

      if (forNode.includes(entry)) {
        it('loads modules of Node', async () => {
          const refusal = await loadWithoutNode(specifier)
          expect(refusal).to.match(/imports node:/)
        })
      } else {
        it('loads nothing of Node', async () => {
          const refusal = await loadWithoutNode(specifier)
          expect(refusal).to.equal('')
        })
      }
    })
  }
})

function inBrowsers(entry: string): string {
  return `${entry} in browsers`
}

/** What of an entry is more than a type. */
function valuesOf(entry: string): string[] {
  return Object.entries(promised[entry] ?? {}).flatMap(([name, kind]) => (kind === 'value' ? [name] : []))
}

/** The message of the refusal of the first module of Node, or nothing. */
async function loadWithoutNode(specifier: string): Promise<string> {
  const hook = new URL('support/without-node.js', import.meta.url).href
  const script = `await import('${specifier}').catch(error => console.log(error.message))`
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--import',
    hook,
    '--input-type=module',
    '-e',
    script,
  ])
  return stdout
}

function read<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T
}
