/**
 * A chat between the tabs of a browser.
 *
 * Start it, and open what it prints in two tabs: `node build/examples/browser-chat/server.js 8080`.
 */
import { readFile } from 'node:fs'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { group } from 'sluice/pool'
import { json, webSocket } from 'sluice/websocket'

const [port = '8080'] = process.argv.slice(2)

// A bundler would do this: here the page gets the modules as they are, from where they are installed.
const folders: readonly (readonly [string, URL])[] = [
  ['/sluice/', new URL('.', import.meta.resolve('sluice'))],
  ['/rxjs/', new URL('../esm/', import.meta.resolve('rxjs'))],
  ['/tslib/', new URL('..', import.meta.resolve('tslib'))],
  ['/', new URL('../../../examples/browser-chat/', import.meta.url)],
]

const server = createServer(({ url = '' }, response) => {
  const { pathname } = new URL(url, 'http://localhost')
  const [prefix, folder] = folders.find(([start]) => pathname.startsWith(start)) ?? ['', undefined]
  const name = pathname.slice(prefix.length) || 'index.html'
  if (!/^\w[\w./-]*$/.test(name)) {
    response.writeHead(404).end()
    return
  }
  readFile(new URL(extname(name) === '' ? `${name}.js` : name, folder), (error, content) => {
    const type = name.endsWith('.html') ? 'text/html' : 'text/javascript'
    response.writeHead(error ? 404 : 200, { 'content-type': `${error ? 'text/plain' : type}; charset=utf-8` })
    response.end(error ? 'There is no such file.' : content)
  })
})

const room = group(webSocket.listen({ server, pathname: '/chat' }).pipe(json<{ who: string; says: string }>()))

room.subscribe(event => {
  if (event.type === 'listening') console.log(`http://localhost:${event.listener.endpoint.port}/`)
  if (event.type === 'packet') room.broadcast(event.packet)
})

server.listen(Number(port), 'localhost')
