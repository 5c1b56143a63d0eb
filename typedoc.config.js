import manifest from './package.json' with { type: 'json' }

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: manifest.name,
  entryPoints: Object.values(manifest.exports).map(({ types }) =>
    types.replace('./dist', 'src').replace('.d.ts', '.ts'),
  ),
  out: 'docs/api',
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  validation: { notExported: true, invalidLink: true, unusedMergeModuleWith: true },
  disableSources: true,
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
}
