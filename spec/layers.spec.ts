import { readFileSync, readdirSync } from 'node:fs'
import { expect } from 'chai'
import { violations, type Tree } from './support/layers.js'

describe('The tree', () => {
  it('keeps its layers, and has no cycle', () => {
    const tree = sources()
    expect(tree).to.have.any.keys('index.ts')
    expect(violations(tree)).to.deep.equal([])
  })
})

describe('The check of the tree', () => {
  const sound: Tree = {
    'index.ts': `export * from './connection/index.js'`,
    'connection/index.ts': `export { packets } from './packets.js'\nexport type { Packet } from './packet.js'`,
    'connection/packets.ts': `import { map } from 'rxjs'\nimport type { Packet } from './packet.js'`,
    'connection/packet.ts': `import type { Observable } from 'rxjs'`,
    'flow/index.ts': `import { packets } from '../connection/packets.js'`,
    'net/index.ts': `import { connect } from 'node:net'`,
    'pool/index.ts': `import {\n  consume,\n} from '../flow/index.js'\n/** @example import { tcp } from 'sluice/net' */`,
    'testing/index.ts': `import { packets } from '../connection/index.js'`,
    'phoenix/testing/index.ts': `import { memory } from '../../testing/index.js'`,
  }

  it('finds nothing in a sound one', () => {
    expect(violations(sound)).to.deep.equal([])
  })

  const rules: Record<string, [file: string, text: string, found: string]> = {
    'an import from a higher layer': [
      'flow/bad.ts',
      `import { pool } from '../pool/index.js'`,
      'flow/bad.ts imports pool/index.ts: pool lies above flow',
    ],
    'an import of a mere type from a higher layer': [
      'connection/bad.ts',
      `import type { Pool } from '../pool/index.js'`,
      'connection/bad.ts imports pool/index.ts: pool lies above connection',
    ],
    'an import from a sibling': [
      'framing/bad.ts',
      `export { consume } from '../flow/index.js'`,
      'framing/bad.ts imports flow/index.ts: framing and flow are siblings',
    ],
    'an import from a sibling at run time': [
      'server/bad.ts',
      `const request = await import('../request/index.js')`,
      'server/bad.ts imports request/index.ts: server and request are siblings',
    ],
    'a testing that is not for specs alone': [
      'pool/bad.ts',
      `import { memory } from '../testing/index.js'`,
      'pool/bad.ts imports testing/index.ts: only specs and users import a testing',
    ],
    'a testing of its own that a folder imports': [
      'phoenix/bad.ts',
      `import { channel } from './testing/index.js'`,
      'phoenix/bad.ts imports phoenix/testing/index.ts: only specs and users import a testing',
    ],
    'a testing that leans on more than the connection': [
      'testing/bad.ts',
      `import { framed } from '../framing/index.js'`,
      'testing/bad.ts imports framing/index.ts: testing and framing are siblings',
    ],
    'Node outside of net': [
      'framing/bad.ts',
      `import { Buffer } from 'node:buffer'`,
      'framing/bad.ts imports node:buffer: it runs without Node',
    ],
    'Node without its prefix': [
      'liveness/bad.ts',
      `import type { Socket } from 'net'`,
      'liveness/bad.ts imports net: it runs without Node',
    ],
    'a package that is not depended on': [
      'framing/bad.ts',
      `import { pack } from 'msgpackr'`,
      'framing/bad.ts imports msgpackr: the package does not depend on it',
    ],
    'an entry that reaches too far': [
      'index.ts',
      `export * from './net/index.js'`,
      'index.ts imports net/index.ts: the entry re-exports connection, reconnect, flow, liveness',
    ],
    'a file that imports the entry': [
      'flow/bad.ts',
      `import { packets } from '../index.js'`,
      'flow/bad.ts imports index.ts: nothing imports the entry',
    ],
    'a folder that nobody has given a layer': [
      'utils/bad.ts',
      `import { packets } from '../connection/index.js'`,
      'utils/bad.ts imports connection/index.ts: utils has no layer',
    ],
    'a cycle': [
      'connection/packets.ts',
      `export { packets } from './index.js'`,
      'cycle: connection/index.ts → connection/packets.ts → connection/index.ts',
    ],
    'a cycle of mere types': [
      'connection/packet.ts',
      `import type { packets } from './packets.js'`,
      'cycle: connection/packets.ts → connection/packet.ts → connection/packets.ts',
    ],
  }

  for (const [rule, [file, text, found]] of Object.entries(rules)) {
    it(`reports ${rule}`, () => {
      expect(violations({ ...sound, [file]: text })).to.deep.equal([found])
    })
  }
})

function sources(): Tree {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .map(file => file.replaceAll('\\', '/'))
    .filter(file => file.endsWith('.ts') && !file.endsWith('.d.ts'))
  return Object.fromEntries(files.map(file => [file, readFileSync(`src/${file}`, 'utf8')]))
}
