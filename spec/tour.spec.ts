import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

const tour = fileURLToPath(new URL('../examples/tour/index.js', import.meta.url))

interface Tour {
  readonly output: string
  readonly exitCode: number | null
}

async function run(input: string): Promise<Tour> {
  const child = spawn(process.execPath, [tour], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(input)
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  return { output: await text(child.stdout), exitCode: await exited }
}

describe('the tour', () => {
  let poem: Tour
  before(async function () {
    this.timeout(60_000)
    poem = await run('')
  })

  it('sends a poem where it is given nothing, and loses none of it', () => {
    expect(poem.output).to.match(/ 45 lines sent, 45 answered, 0 lost, [1-9]\d* repeated\n/)
    expect(poem.exitCode).to.equal(0)
  })

  it('draws a marble diagram for the server and for each client', () => {
    for (const row of ['server', 'client 1', 'client 2', 'client 3']) {
      expect(poem.output).to.match(new RegExp(`^ ${row} +\\(?[cl]`, 'm'))
    }
    expect(poem.output).to.contain('xr')
  })

  it('lets three things go wrong, after each of which clients reconnect', () => {
    expect(poem.output).to.contain('the server resets a connection')
    expect(poem.output).to.contain('the server stops')
    expect(poem.output).to.contain('the cable of client 1 is pulled')
    // The reset one, all three after the stop, the one whose cable is pulled.
    expect(poem.output).to.contain(' 5 reconnections after ')
  })

  it('sends what is piped in', async function () {
    this.timeout(60_000)
    const { output, exitCode } = await run('one\ntwo\n\nthree\n')
    expect(output).to.contain('3 clients send 3 lines each')
    expect(output).to.contain(' 9 lines sent, 9 answered, 0 lost')
    expect(exitCode).to.equal(0)
  })
})
