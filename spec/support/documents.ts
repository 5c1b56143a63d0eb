import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'
import { given } from './given.js'

/** A page of the documentation, by its path from the top. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** A block of code on a page, and what it takes as given. */
export interface Block {
  readonly path: string
  /** Where its first line of code is, counted from 1. */
  readonly line: number
  readonly code: string
  readonly given: string
}

/** All pages that people write; those of the reference are made from doc comments. */
export function pages(): Page[] {
  const docs = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .map(file => posix.join('docs', file.replaceAll('\\', '/')))
    .filter(file => file.endsWith('.md') && !file.startsWith('docs/api/'))
  return ['README.md', 'CHANGELOG.md', ...docs.sort()]
    .filter(path => existsSync(path))
    .map(path => ({ path, text: readFileSync(path, 'utf8') }))
}

export function sources(): Page[] {
  return readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map(file => posix.join('src', file.replaceAll('\\', '/')))
    .filter(file => file.endsWith('.ts'))
    .map(path => ({ path, text: readFileSync(path, 'utf8') }))
}

/**
 * The TypeScript on a page. What its blocks take as given stands in a comment that is not shown: `<!-- given … -->`, with declarations
 * and imports. A block with imports of its own takes nothing as given.
 */
export function blocksOf({ path, text }: Page): Block[] {
  const given = [...text.matchAll(/<!-- given\n(.*?)-->/gs)].map(([, declared]) => declared ?? '').join('\n')
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(match => {
    const [, code = ''] = match
    return { path, line: lineAt(text, match.index) + 1, code, given: /^import /m.test(code) ? '' : given }
  })
}

/** The examples in the doc comments of a source file. */
export function examplesOf({ path, text }: Page): Block[] {
  return [...text.matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms)].map(match => {
    const code = (match[1] ?? '').replaceAll(/^ *\* ?/gm, '')
    return { path, line: lineAt(text, match.index) + 1, code, given }
  })
}

/** Each relative link that leads nowhere, in a sentence of its own. */
export function brokenLinks(all: readonly Page[]): string[] {
  return all.flatMap(page =>
    [...withoutCode(page.text).matchAll(/\]\(([^)\s]+)\)/g)].flatMap(match => {
      const [file = '', anchor] = (match[1] ?? '').split('#')
      if (/^[a-z]+:/.test(file)) return []
      const target = file === '' ? page.path : posix.join(posix.dirname(page.path), file)
      const where = `${page.path}:${lineAt(page.text, match.index)}`
      if (file !== '' && !existsSync(target)) return [`${where} links to ${target}, which is not there`]
      if (anchor === undefined) return []
      const text = file === '' ? page.text : readFileSync(target, 'utf8')
      return anchorsOf(text).has(anchor) ? [] : [`${where} links to ${anchor} in ${target}, which has no such heading`]
    }),
  )
}

/** Each file of ours that a page names and that does not exist. */
export function missingFiles(all: readonly Page[]): string[] {
  return all.flatMap(({ path, text }) =>
    [...text.matchAll(/`((?:src|spec|examples|docs|bench|tools)\/[\w./-]*)`/g)].flatMap(match => {
      const file = match[1] ?? ''
      return existsSync(file) ? [] : [`${path}:${lineAt(text, match.index)} names ${file}, which is not there`]
    }),
  )
}

/** The headings of a page as GitHub names them in links. */
function anchorsOf(text: string): Set<string> {
  const headings = withoutCode(text).matchAll(/^#+ (.*)$/gm)
  return new Set(
    [...headings].map(([, title]) =>
      (title ?? '')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(/\s/g, '-'),
    ),
  )
}

/** The text with its code blanked out, so that all else stays on its line. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, code => code.replaceAll(/[^\n]/g, ' '))
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
