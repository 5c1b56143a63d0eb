// Removes the compiled files whose source is gone: `tsc -b` leaves them, and they would be tested and packed.

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const outputs = {
  dist: 'src',
  'build/browser': 'spec/browser',
  'build/spec': 'spec',
  'build/examples': 'examples',
  'build/bench': 'bench',
}

for (const [output, sources] of Object.entries(outputs)) {
  if (!existsSync(output)) continue
  for (const file of readdirSync(output, { recursive: true, encoding: 'utf8' })) {
    const source = /^(?<stem>.*)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.groups?.stem
    if (source !== undefined && !existsSync(join(sources, `${source}.ts`))) rmSync(join(output, file))
  }
}
