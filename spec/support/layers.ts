import { isBuiltin } from 'node:module'
import { posix } from 'node:path'
import ts from 'typescript'

/** The text of source files, by their path in `src`. */
export type Tree = Readonly<Record<string, string>>

interface Import {
  readonly file: string
  readonly target: string
}

const layers: Readonly<Record<string, number>> = {
  connection: 0,
  net: 1,
  framing: 1,
  reconnect: 1,
  flow: 1,
  liveness: 1,
  testing: 1,
  pool: 2,
  websocket: 2,
  server: 3,
  request: 3,
  phoenix: 4,
  cluster: 4,
  behaviours: 5,
}

/** What the entry `.` re-exports. */
const main = ['connection', 'reconnect', 'flow', 'liveness']

/** Where Node's own modules may be imported. */
const nodeIn = ['net/', 'websocket/node/']

/** Each import that breaks a rule of the tree, and each cycle, in a sentence of its own. */
export function violations(tree: Tree): string[] {
  const imports = Object.entries(tree).flatMap(([file, text]) => importsOf(file, text))
  const wrong = imports.flatMap(edge => {
    const why = edge.target.endsWith('.ts') ? wrongInside(edge) : wrongOutside(edge)
    return why === undefined ? [] : [`${edge.file} imports ${edge.target}: ${why}`]
  })
  return [...wrong, ...cycles(imports)]
}

function importsOf(file: string, text: string): Import[] {
  const targets = new Set(ts.preProcessFile(text).importedFiles.map(({ fileName }) => fileName))
  return [...targets].map(target => ({
    file,
    target: target.startsWith('.') ? posix.join(posix.dirname(file), target.replace(/\.js$/, '.ts')) : target,
  }))
}

function wrongInside({ file, target }: Import): string | undefined {
  const from = folderOf(file)
  const to = folderOf(target)
  if (from === '') return main.includes(to) ? undefined : `the entry re-exports ${main.join(', ')}`
  if (to === '') return 'nothing imports the entry'
  if (isTesting(target) && !isTesting(file)) return 'only specs and users import a testing'
  if (from === to) return undefined

  const [high, low] = [layers[from], layers[to]]
  if (high === undefined || low === undefined) return `${high === undefined ? from : to} has no layer`
  if (high === low) return `${from} and ${to} are siblings`
  return high < low ? `${to} lies above ${from}` : undefined
}

function wrongOutside({ file, target }: Import): string | undefined {
  if (isBuiltin(target)) return nodeIn.some(path => file.startsWith(path)) ? undefined : 'it runs without Node'
  if (target === 'rxjs/testing') return isTesting(file) ? undefined : 'only specs and users import a testing'
  return target === 'rxjs' ? undefined : 'the package does not depend on it'
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.indexOf('/')))
}

function isTesting(path: string): boolean {
  return posix.dirname(path).split('/').includes('testing')
}

function cycles(imports: readonly Import[]): string[] {
  const found: string[] = []
  const seen = new Set<string>()
  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) found.push(`cycle: ${[...path.slice(start), file].join(' → ')}`)
    if (seen.has(file)) return
    seen.add(file)
    for (const edge of imports) if (edge.file === file) visit(edge.target, [...path, file])
  }
  for (const { file } of imports) visit(file, [])
  return found
}
