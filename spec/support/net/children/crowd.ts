// Many clients in a process of their own, each of which sends a line as soon as the last was answered. Says when all were answered once,
// and on a line of its input how many answers there were.

import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

const [port = 0, count = 0] = process.argv.slice(2).map(Number)
const answered = new Set<string>()
let answers = 0
const say = (what: object): void => {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

for (let dialled = 0; dialled < count; dialled += 1) {
  tcp
    .connect({ host: '127.0.0.1', port })
    .pipe(framed(lines()))
    .subscribe(event => {
      if (event.type === 'open') event.connection.send('hello')
      if (event.type !== 'packet') return
      answers += 1
      event.connection.send(event.packet)
      if (answered.size < count && answered.add(event.connection.id).size === count) say({ answered: count })
    })
}
process.stdin.on('data', () => {
  say({ answers })
})
