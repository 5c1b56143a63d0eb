/**
 * A test of a pipeline in virtual time: no server, no sockets, no waiting. `node build/examples/marble-test.js`
 */
import { tap } from 'rxjs'
import { TestScheduler } from 'rxjs/testing'
import { constant, reconnect, type ConnectionEvent, type ConnectionStream } from 'sluice'
import type { Framed } from 'sluice/framing'
import { marbles, sameDiagram } from 'sluice/testing'

/** What is tested: a client that asks for the news whenever it is connected, and comes back after 5 ms. */
function news(dial: ConnectionStream<Framed<ConnectionEvent, string, string>>) {
  return dial.pipe(
    tap(event => {
      if (event.type === 'open') event.connection.send('?')
    }),
    reconnect(constant(5)),
  )
}

new TestScheduler(sameDiagram).run(helpers => {
  const { cold, expectEvents, expectSent } = marbles(helpers)

  //                       opens, tells the news, is reset, and 5 ms later the same again
  const dial = cold('      -o--a---(x#)')
  const watched = '        ^----------------------!'
  const events = '         -o--a---(xr)--o--a---(xr)'
  const questions = [' -?', '--------------?']

  expectEvents(news(dial), watched).toBe(events)
  expectSent(dial).toBe(questions)
})

console.log('all is as drawn')
