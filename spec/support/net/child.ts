import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { later } from './closing.js'

/** A process that runs one of `children/`, and that says in lines of JSON what it does. */
export class Child {
  readonly process: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.process.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
    later(() => this.kill())
  }

  async says(): Promise<Record<string, unknown>> {
    const line: IteratorResult<string, unknown> = await this.#lines.next()
    if (line.done === true) throw new Error('the child has ended')
    return JSON.parse(line.value) as Record<string, unknown>
  }

  ask(): Promise<Record<string, unknown>> {
    this.process.stdin?.write('?\n')
    return this.says()
  }

  /** Ends it without a chance to tidy up. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    this.process.kill('SIGKILL')
    await once(this.process, 'exit')
  }
}

export function flooder(port: number): Child {
  return new Child(process.execPath, [script('flooder'), String(port)])
}

/** The same in messages of a WebSocket, of so many bytes each. */
export function webSocketFlooder(port: number, size: number): Child {
  return new Child(process.execPath, [script('web-socket-flooder'), String(port), String(size)])
}

export function echoProcess(...args: readonly string[]): Child {
  return new Child(process.execPath, [script('echo'), ...args])
}

/** An echo server that may have no more than so many files open. */
export function poorEchoProcess(files: number): Child {
  return poor(files, script('echo'))
}

/** A client that dials so many times and may have no more than so many files open. */
export function poorDialler(files: number, port: number, count: number): Child {
  return poor(files, script('dialler'), String(port), String(count))
}

/** A server with limits, that may have no more than so many files open. */
export function poorServerProcess(files: number, options: object): Child {
  return poor(files, script('server'), JSON.stringify(options))
}

/** A server with limits. */
export function serverProcess(options: object): Child {
  return new Child(process.execPath, [script('server'), JSON.stringify(options)])
}

/** Servers with limits in so many workers of a cluster, on one port. */
export function clusterProcess(workers: number, options: object): Child {
  return new Child(process.execPath, [script('cluster'), String(workers), JSON.stringify(options)])
}

/** So many clients of an echo server that never rest. */
export function crowd(port: number, count: number): Child {
  return new Child(process.execPath, [script('crowd'), String(port), String(count)])
}

function poor(files: number, ...command: readonly string[]): Child {
  return new Child('/bin/sh', ['-c', `ulimit -n ${files}; exec "$0" "$@"`, process.execPath, ...command])
}

function script(name: string): string {
  return fileURLToPath(new URL(`children/${name}.js`, import.meta.url))
}
