/**
 * A transport of one's own: programs. To connect is to start one and talk to its standard input and output; to listen is to be one, whose
 * only connection is with who has started it. `node build/examples/custom-transport.js` starts itself, as a server of capital letters.
 */
import { spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { bind, dial, type Line, type Transport, type Wire } from 'sluice'
import { framed, lines } from 'sluice/framing'

function wire(line: Line, input: Readable, output: Writable, destroy: () => unknown): Wire {
  input.on('data', (bytes: Uint8Array) => line.received(bytes, bytes.length)).on('end', () => line.ended())
  output.on('error', () => {}) // What went wrong is told by the close.
  const write = (bytes: Uint8Array) =>
    output.write(bytes, error => error ?? line.written(bytes.length)) || line.blocked()
  const size = (bytes: Uint8Array) => bytes.length
  return { size, write, pause: () => input.pause(), resume: () => input.resume(), end: () => output.end(), destroy }
}

const programs: Transport<readonly string[], object> = {
  connect: ([command = '', ...args]) =>
    dial({ address: command }, {}, line => {
      const program = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
      program.on('spawn', () => line.opened()).on('error', error => line.closed(error))
      program.on('close', code => line.closed(code === 0 ? undefined : new Error(`${command} failed: ${code}`)))
      return wire(line, program.stdout, program.stdin, () => program.kill('SIGKILL'))
    }),
  listen: () =>
    bind({}, host => {
      const line = host.accept(line => wire(line, process.stdin, process.stdout, () => process.exit(1)))
      process.stdout.on('finish', () => line.closed())
      line.opened()
      host.closed()
      return () => {}
    }),
}

const [, script = '', role] = process.argv
const stream = role === 'serve' ? programs.listen({}) : programs.connect([process.execPath, script, 'serve'])

stream.pipe(framed(lines())).subscribe(event => {
  if (event.type === 'packet' && role === 'serve') event.connection.send(event.packet.toUpperCase())
  if (event.type === 'packet' && role !== 'serve') console.log(event.packet)
  if (event.type === 'open' && role !== 'serve') {
    event.connection.send('hello')
    event.connection.end()
  }
})
