import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import type { ConnectionOptions, Transport } from 'sluice'
import { laws, type Candidate } from 'sluice/testing'
import ts from 'typescript'
import { faultsIn } from './support/compile.js'
import { blocksOf, brokenLinks, examplesOf, missingFiles, pages, sources } from './support/documents.js'

const union = /^export type ErrorCode =[^]*?\n\n/m

const { bare } = await transportOfTheGuide()
const candidate: Candidate = {
  listen: options => bare.listen({ port: 0, ...options }),
  connect: ({ port = 0 }, options) => bare.connect({ port, ...options }),
  open: () => process.getActiveResourcesInfo().filter(name => name.startsWith('TCP')).length,
}

describe('The documentation', () => {
  const all = pages()

  it('has only code that compiles', function () {
    this.timeout(120_000)
    const [guide, reference] = [all.flatMap(blocksOf), sources().flatMap(examplesOf)]
    expect(guide).not.to.be.empty
    expect(reference).not.to.be.empty
    expect(faultsIn([...guide, ...reference])).to.deep.equal([])
  })

  it('has only links that lead somewhere', () => {
    expect(brokenLinks(all)).to.deep.equal([])
  })

  it('names only files that exist', () => {
    expect(missingFiles(all)).to.deep.equal([])
  })

  it('explains every error code, and none that there is not', () => {
    const explained = [...read('docs/errors.md').matchAll(/^### (ERR_\w+)$/gm)].map(([, code]) => code)
    expect(explained).to.deep.equal(codes())
  })
})

describe('The error codes', () => {
  it('are all in use', () => {
    const code = sources().map(({ text }) => text.replace(union, ''))
    expect(codes().filter(name => !code.some(text => text.includes(`'${name}'`)))).to.deep.equal([])
  })
})

describe('The transport that the guide writes', () => {
  for (const { law, name, run } of laws) it(`obeys law ${law}: ${name}`, () => run(candidate))
})

describe('The check of the documentation', () => {
  const page = (text: string) => ({ path: 'docs/page.md', text })
  const block = (code: string, given = '') => ({ path: 'docs/page.md', line: 7, code, given })

  it('takes the code, its line, and what it takes as given', () => {
    const text = '# Page\n\n<!-- given\ndeclare const a: number\n-->\n\n```ts\na + 1\n```\n\n```sh\nls\n```\n'
    expect(blocksOf(page(text))).to.deep.equal([
      { path: 'docs/page.md', line: 8, code: 'a + 1\n', given: 'declare const a: number\n' },
    ])
  })

  it('takes the examples out of doc comments', () => {
    const text = '/**\n * Adds.\n *\n * @example\n * ```ts\n * a(\n *   1,\n * )\n * ```\n */\n'
    expect(examplesOf(page(text)).map(({ line, code }) => [line, code])).to.deep.equal([[6, 'a(\n  1,\n)\n']])
  })

  it('reports code that does not compile, by its line, and looks up what is exported', function () {
    this.timeout(120_000)
    const fine = block(`tcp.connect({ port: 4000 }).pipe(map(event => event.type)).subscribe(console.log)`)
    const own = block(`const tcp = 1\nconsole.log(tcp + more)`, 'declare const more: number')
    const wrong = { ...block(`\nconst port: number = 'four'`), line: 20 }
    expect(faultsIn([fine, own, wrong])).to.deep.equal([
      `docs/page.md:21 Type 'string' is not assignable to type 'number'.`,
    ])
  })

  it('reports links that lead nowhere, outside of code', () => {
    const text =
      '[a](none.md) [b](#a-page) [c](#none) [d](https://example.org/no)\n\n# A page\n\n```ts\n[e](none.md)\n```\n'
    expect(brokenLinks([page(text)])).to.deep.equal([
      'docs/page.md:1 links to docs/none.md, which is not there',
      'docs/page.md:1 links to none in docs/page.md, which has no such heading',
    ])
  })

  it('reports files that are not there', () => {
    expect(missingFiles([page('`src/index.ts` and\n`src/none.ts`')])).to.deep.equal([
      'docs/page.md:2 names src/none.ts, which is not there',
    ])
  })
})

/** What a reader gets who copies the transport out of the guide. */
async function transportOfTheGuide(): Promise<{ bare: Transport<ConnectionOptions & { port: number }> }> {
  const path = 'docs/guide/writing-a-transport.md'
  const block = blocksOf({ path, text: read(path) }).find(({ code }) => code.includes('export const bare'))
  const { outputText } = ts.transpileModule(block?.code ?? '', {
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.ESNext },
  })
  mkdirSync('build/docs', { recursive: true })
  writeFileSync('build/docs/bare.js', outputText)
  return (await import(pathToFileURL(resolve('build/docs/bare.js')).href)) as never
}

/** The codes in the union `ErrorCode`, in its order. */
function codes(): string[] {
  const [listed = ''] = union.exec(read('src/connection/errors.ts')) ?? []
  return [...listed.matchAll(/'(ERR_\w+)'/g)].map(([, code]) => code ?? '')
}

function read(path: string): string {
  return readFileSync(path, 'utf8')
}
