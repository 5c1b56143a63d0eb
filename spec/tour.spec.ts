import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { recordingConnection } from 'sluice/testing'
import { Outbox } from '../examples/tour/outbox.js'
import { tally } from '../examples/tour/tally.js'
import { closeAll } from './support/net/closing.js'
import { freshPath } from './support/net/directory.js'

const tour = fileURLToPath(new URL('../examples/tour/index.js', import.meta.url))

interface Tour {
  readonly output: string
  readonly complaints: string
  readonly exitCode: number | null
}

async function run(input: string, ...args: readonly string[]): Promise<Tour> {
  const child = spawn(process.execPath, [tour, ...args], { stdio: 'pipe' })
  child.stdin.end(input)
  const exited = new Promise<number | null>(resolve => child.once('close', resolve))
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { output, complaints, exitCode: await exited }
}

describe('the tour', () => {
  afterEach(closeAll)

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

  it('sends the lines of a file', async function () {
    this.timeout(60_000)
    const file = freshPath()
    await writeFile(file, 'one\ntwo\n')
    const { output, exitCode } = await run('piped\n', file)
    expect(output).to.contain('3 clients send 2 lines each')
    expect(output).to.contain(' 6 lines sent, 6 answered, 0 lost')
    expect(exitCode).to.equal(0)
  })

  it('says in a line which file it can’t read, and fails', async () => {
    const { output, complaints, exitCode } = await run('', 'no-such-file')
    expect(output).to.equal('')
    expect(complaints).to.match(/^The tour can't read no-such-file: ENOENT.*\n$/)
    expect(exitCode).to.equal(1)
  })

  it('fails when a line is lost, sent or not', () => {
    const outboxes = [new Outbox(['a', 'b']), new Outbox(['c', 'd'])]
    const connection = recordingConnection<string>()
    for (const outbox of outboxes) outbox.open(connection)
    outboxes[0]?.send(2)
    outboxes[1]?.send(1)
    outboxes[0]?.answer('0 A')
    expect(tally(outboxes)).to.deep.equal({ sent: 3, answered: 1, lost: 3, repeated: 0, exitCode: 1 })
    outboxes[0]?.answer('1 B')
    outboxes[0]?.answer('1 B')
    outboxes[1]?.open(connection)
    outboxes[1]?.answer('0 C')
    expect(tally(outboxes)).to.deep.equal({ sent: 3, answered: 3, lost: 1, repeated: 1, exitCode: 1 })
    outboxes[1]?.send(1)
    outboxes[1]?.answer('1 D')
    expect(tally(outboxes)).to.deep.equal({ sent: 4, answered: 4, lost: 0, repeated: 1, exitCode: 0 })
  })
})
