import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { later } from '../support/net/closing.js'

/** A program that runs beside the specs, until `closeAll`. */
export class Program {
  readonly lines: string[] = []
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #heard: (() => void) | undefined

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    this.#child = child
    this.#ended = once(child, 'close')
    for (const input of [child.stdout, child.stderr]) {
      createInterface({ input }).on('line', line => {
        this.lines.push(line)
        this.#heard?.()
      })
    }
    child.stdin.on('error', () => undefined)
    later(async () => {
      child.kill('SIGKILL')
      await this.#ended
    })
  }

  /** The first line that fits, as soon as it is there. */
  async says(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line)
        if (match !== null) return match
      }
      const heard = new Promise<void>(resolve => {
        this.#heard = resolve
      })
      const ended = this.#ended.then(() => this.lines.some(line => pattern.test(line)))
      if ((await Promise.race([heard, ended])) === false) {
        throw new Error(`it ended without saying ${String(pattern)}, but:\n${this.lines.join('\n')}`)
      }
    }
  }

  /** What it has said, once it has ended of its own accord and well. */
  async ends(): Promise<readonly string[]> {
    await this.#ended
    if (this.#child.exitCode !== 0)
      throw new Error(`it ended with ${String(this.#child.exitCode)}:\n${this.lines.join('\n')}`)
    return this.lines
  }

  /** Once it has ended, in whatever way. */
  async ended(): Promise<void> {
    await this.#ended
  }

  hears(text: string): void {
    this.#child.stdin?.end(text)
  }

  /** Hears more, and will hear still more. */
  hearsOf(text: string): void {
    this.#child.stdin?.write(text)
  }

  interrupt(): void {
    this.#child.kill('SIGINT')
  }

  terminate(): void {
    this.#child.kill('SIGTERM')
  }
}

/** Starts one of the examples as its users do. */
export function example(name: string, args: readonly unknown[] = [], env?: Readonly<Record<string, string>>): Program {
  return new Program(process.execPath, [`build/examples/${name}.js`, ...args.map(String)], env)
}
