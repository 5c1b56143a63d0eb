// The page's side: it comes back when the server does, and at once when the network does.

import { fromEvent } from 'rxjs'
import { exponential, reconnect } from 'sluice'
import { json, webSocket } from 'sluice/websocket'

const [state, said, form, who, says] = ['state', 'said', 'form', 'who', 'says'].map(id => document.getElementById(id))

const chat = webSocket
  .connect(new URL('/chat', location.href))
  .pipe(json(), reconnect(exponential(), { now: fromEvent(window, 'online') }))

let connection

chat.subscribe(event => {
  if (event.type === 'open') connection = event.connection
  if (event.type === 'open') state.value = 'here'
  if (event.type === 'close') state.value = 'away'
  if (event.type === 'packet') {
    const line = document.createElement('li')
    line.textContent = `${event.packet.who}: ${event.packet.says}`
    said.append(line)
  }
})

form.addEventListener('submit', event => {
  event.preventDefault()
  connection?.send({ who: who.value, says: says.value })
  says.value = ''
})
