import { spawn } from 'node:child_process'
import { delimiter, resolve } from 'node:path'

const deadline = 600_000

const env = {
  ...process.env,
  PATH: [resolve('node_modules/.bin'), process.env.PATH].join(delimiter),
  FORCE_COLOR: undefined, // Colours would hide the counts that are read from the output.
  NO_COLOR: '1',
}

/** Runs a shell line without input, for at most ten minutes, and tells whether it succeeded and what it printed. */
export function run(command) {
  return new Promise(done => {
    const child = spawn(command, { shell: true, detached: true, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => chunks.push(text))

    // Its own process group, since a shell that is killed leaves its children behind.
    const kill = () => process.kill(-child.pid, 'SIGKILL')
    const late = setTimeout(() => {
      chunks.push(`\nnot finished within ${deadline / 1000} s: ${command}\n`)
      kill()
    }, deadline)
    const interrupted = () => {
      kill()
      process.exit(130)
    }
    process.once('SIGINT', interrupted)
    process.once('SIGTERM', interrupted)

    child.on('close', code => {
      clearTimeout(late)
      process.off('SIGINT', interrupted)
      process.off('SIGTERM', interrupted)
      done({ ok: code === 0, output: chunks.join('') })
    })
  })
}
