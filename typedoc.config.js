import manifest from './package.json' with { type: 'json' }

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  name: manifest.name,
  entryPoints: Object.values(manifest.exports)
    .flatMap(entry => ('browser' in entry ? [entry, entry.browser] : [entry]))
    .map(({ types }) => types.replace('./dist', 'src').replace('.d.ts', '.ts')),
  // One program for all entries: with a project each, what one entry takes from another counts as missing.
  tsconfig: 'tsconfig.docs.json',
  out: 'docs/api',
  readme: 'none',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  validation: { notExported: true, invalidLink: true, unusedMergeModuleWith: true },
  // Parts of public signatures that nobody has to name.
  intentionallyNotExported: [
    'Asked',
    'ByteEvent',
    'Closed',
    'Handover',
    'HandsOver',
    'Log',
    'PacketsOf',
    'MessageStreamEvent',
    'Recorded',
    'Scripts',
    'Sendable',
    'Sending',
    'Sent',
    'Tagged',
    'TellsClosing',
  ],
  disableSources: true,
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
}
