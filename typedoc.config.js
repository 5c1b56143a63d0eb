import manifest from './package.json' with { type: 'json' }

/** What tells an event, or an answer, from others of its kind. */
const words = [
  ...['Close', 'Connecting', 'Drain', 'End', 'Listening', 'Open', 'Packet', 'Retry'].map(
    name => `index.${name}Event.type`,
  ),
  ...['Dropped', 'Heartbeat'].map(name => `index.${name}Event.type`),
  ...['Endpoints', 'Finished', 'Leak'].map(name => `pool.${name}Event.type`),
  'framing.SkippedEvent.type',
  'server.RefusedEvent.type',
  'websocket/node.WebSocketCloseEvent.type',
  'websocket/node.Acceptance.accept',
  'websocket/node.Refusal.accept',
]

/** What every platform says of its own. */
const platform = [
  'binaryType',
  'bufferedAmount',
  'protocol',
  'onopen',
  'onmessage',
  'onclose',
  'onerror',
  'send',
  'close',
].map(name => `websocket/browser.PlatformSocket.${name}`)

/** Members of types that are written in a line: the comment above that says what they are. */
const oneLiners = [
  'index.ConnectionOf.__type.connection',
  'index.WithConnection.__type.connection',
  'index.WithSent.__type.connection',
  'index.lifecycle.__type.type',
  'index.Overflow.__type.latestBy',
  'net.UpgradeOptions.__type.role',
  ...['receive', 'send'].map(name => `framing.Switch.__type.${name}`),
  ...['host', 'port', 'address', 'path'].map(name => `pool.PoolEndpoint.__type.${name}`),
  ...['restartAfter', 'stop'].map(name => `pool.Step.__type.${name}`),
  'websocket/node.WebSocketEvent.__type.type',
  ...['at', 'call', 'packet', 'reason', 'error'].map(name => `testing.RecordedCall.__type.${name}`),
]

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
  validation: { notExported: true, invalidLink: true, notDocumented: true, unusedMergeModuleWith: true },
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
    'OfMember',
    'Recorded',
    'Scripts',
    'Sendable',
    'Resent',
    'Sent',
    'Tagged',
    'TellsClosing',
    'Unfinished',
  ],
  intentionallyNotDocumented: [...words, ...platform, ...oneLiners],
  disableSources: true,
  treatWarningsAsErrors: true,
  logLevel: 'Warn',
}
