import { readFileSync } from 'node:fs'
import ts from 'typescript'
import type { Block } from './documents.js'

interface Manifest {
  readonly exports: Readonly<Record<string, { readonly types: string }>>
}

const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: true,
  noEmit: true,
}

/**
 * Compiles blocks of code as a user of the package would, each as a module of its own, and answers what is wrong with them.
 *
 * The names that Sluice and RxJS export need no import in a block: which entry has them is looked up.
 */
export function faultsIn(blocks: readonly Block[]): string[] {
  const entries = entriesOf()
  const known = exportsOf(entries)
  const modules = new Map(blocks.map(block => [`${block.path}.${block.line}.ts`, moduleOf(block, known)]))
  const host = hostOf(modules)
  const program = ts.createProgram([...modules.keys()], options, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const message = ts.flattenDiagnosticMessageText(messageText, '\n')
    if (file === undefined) return message
    const { line } = file.getLineAndCharacterOfPosition(start ?? 0)
    return `${file.fileName.replace(/\.\d+\.ts$/, '')}:${line + 1} ${message}`
  })
}

/** The code on the line where its page has it; what it needs comes behind it. */
function moduleOf(block: Block, known: ReadonlyMap<string, string>): string {
  const { line, code } = block
  const own = topLevelNames(code)
  const given = block.given.replaceAll(/^declare const (\w+):.*\n/gm, (whole, name: string) =>
    own.has(name) ? '' : whole,
  )
  const declared = topLevelNames(`${code}\n${given}`)
  const words = new Set(`${code}\n${given}`.match(/\b[A-Za-z_$][\w$]*\b/g))
  const imports = [...words].flatMap(word => {
    const specifier = known.get(word)
    return specifier === undefined || declared.has(word) ? [] : [`import { ${word} } from '${specifier}'`]
  })
  return ['\n'.repeat(line - 1) + code, given, ...imports].join('\n')
}

function topLevelNames(code: string): Set<string> {
  const names = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) names.add(node.text)
    else if (ts.isBindingElement(node) || ts.isVariableDeclaration(node)) visit(node.name)
    else if (ts.isObjectBindingPattern(node) || ts.isArrayBindingPattern(node)) node.elements.forEach(visit)
  }
  for (const statement of ts.createSourceFile('block.ts', code, ts.ScriptTarget.ES2023).statements) {
    if (ts.isVariableStatement(statement)) statement.declarationList.declarations.forEach(visit)
    else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {}
      if (name !== undefined) visit(name)
      if (namedBindings !== undefined && ts.isNamedImports(namedBindings))
        for (const element of namedBindings.elements) visit(element.name)
    } else if ('name' in statement) visit(statement.name as ts.Identifier)
  }
  return names
}

/** The declaration file of each specifier; where two export the same name, the first has it. */
function entriesOf(): ReadonlyMap<string, string> {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest
  const ours = Object.entries(exports).map(([path, { types }]) => [path.replace('.', 'sluice'), types] as const)
  const theirs = ['index', 'testing/index'].map(file => `node_modules/rxjs/dist/types/${file}.d.ts`)
  return new Map([...ours, ...['rxjs', 'rxjs/testing'].map((entry, at) => [entry, theirs[at] ?? ''] as const)])
}

function exportsOf(entries: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const program = ts.createProgram([...entries.values()], { ...options, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const known = new Map<string, string>()
  for (const [specifier, file] of entries) {
    const source = program.getSourceFile(file)
    const module = source && checker.getSymbolAtLocation(source)
    for (const { name } of module ? checker.getExportsOfModule(module) : [])
      if (!known.has(name)) known.set(name, specifier)
  }
  return known
}

/** The file system, with modules in it that are not on disk. */
function hostOf(modules: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  return {
    ...host,
    fileExists: file => modules.has(file) || host.fileExists(file),
    readFile: file => modules.get(file) ?? host.readFile(file),
    getSourceFile: (file, ...rest) => {
      const text = modules.get(file)
      return text === undefined
        ? host.getSourceFile(file, ...rest)
        : ts.createSourceFile(file, text, ts.ScriptTarget.ES2023)
    },
  }
}
