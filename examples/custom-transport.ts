/**
 * A transport of one's own: programs. To dial is to start one and to talk to its standard input and output; a `Wire` and what is told to its
 * `Line` are all that Sluice asks for. `node build/examples/custom-transport.js` starts itself, as a program that makes letters large.
 */
import { spawn } from 'node:child_process'
import { dial, type ConnectionStream, type Wire } from 'sluice'
import { framed, lines } from 'sluice/framing'

function program(command: string, ...args: readonly string[]): ConnectionStream {
  return dial({ address: command }, {}, line => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    const { stdin, stdout } = child
    child.on('spawn', () => line.opened()).on('error', error => line.closed(error))
    child.on('close', code => line.closed(code === 0 ? undefined : new Error(`${command} failed: ${code}`)))
    stdout.on('data', (bytes: Buffer) => line.received(bytes, bytes.length)).on('end', () => line.ended())
    stdin.on('error', () => {}) // What went wrong is told by the close.
    return {
      size: bytes => bytes.length,
      write: bytes => stdin.write(bytes, error => error ?? line.written(bytes.length)) || line.blocked(),
      pause: () => stdout.pause(),
      resume: () => stdout.resume(),
      end: () => stdin.end(),
      destroy: () => child.kill('SIGKILL'),
    } satisfies Wire
  })
}

const [, script = '', role] = process.argv
if (role === 'program') process.stdin.on('data', bytes => process.stdout.write(bytes.toString().toUpperCase()))
else {
  program(process.execPath, script, 'program')
    .pipe(framed(lines()))
    .subscribe(event => {
      if (event.type === 'packet') console.log(event.packet)
      if (event.type !== 'open') return
      event.connection.send('hello')
      event.connection.end()
    })
}
