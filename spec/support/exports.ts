import ts from 'typescript'

/** What a module exports, by name. */
export type Names = Readonly<Record<string, 'value' | 'type'>>

/** What a declaration file exports. */
export function exportsOf(file: string): Names {
  const program = ts.createProgram([file], { module: ts.ModuleKind.NodeNext, noLib: true, types: [] })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file)
  const module = source && checker.getSymbolAtLocation(source)
  const symbols = module ? checker.getExportsOfModule(module) : []
  return Object.fromEntries(
    symbols.map(symbol => {
      const { flags } = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
      return [symbol.name, flags & ts.SymbolFlags.Value ? 'value' : 'type']
    }),
  )
}
