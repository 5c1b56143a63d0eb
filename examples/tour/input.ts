import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { firstValueFrom, fromEvent, map, race, timer } from 'rxjs'
import { poem } from './poem.js'

/** The lines to send: of the file that is named, else of what is piped in, else of a poem. */
export async function input(file: string | undefined): Promise<string[]> {
  const lines = linesOf(file === undefined ? await piped() : await readFile(file, 'utf8'))
  return lines.length > 0 ? lines : linesOf(poem)
}

function linesOf(content: string): string[] {
  return content
    .split('\n')
    .map(line => line.trimEnd())
    .filter(line => line !== '')
}

/** Neither a terminal nor a pipe into which nobody writes is waited for. */
async function piped(): Promise<string> {
  const { stdin } = process
  if (stdin.isTTY) return ''
  const begins = fromEvent(stdin, 'readable').pipe(map(() => true))
  const silence = timer(300).pipe(map(() => false))
  if (await firstValueFrom(race(begins, silence))) return text(stdin)
  stdin.destroy()
  return ''
}
