import ts from 'typescript'

/** What a module exports, by name. */
export type Names = Readonly<Record<string, 'value' | 'type'>>

interface Exports {
  readonly names: Names
  /** The names without a doc block. */
  readonly undocumented: readonly string[]
}

/** What a declaration file exports. */
export function exportsOf(file: string): Exports {
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  const symbols = (module ? checker.getExportsOfModule(module) : []).map(symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  )
  return {
    names: Object.fromEntries(
      symbols.map(({ name, flags }) => [name, flags & ts.SymbolFlags.Value ? 'value' : 'type']),
    ),
    undocumented: symbols
      .filter(symbol => symbol.getDocumentationComment(checker).length === 0)
      .map(({ name }) => name),
  }
}
