import { existsSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname } from 'node:path'

type Entry = Readonly<Partial<Record<'browser' | 'default', unknown>>>

/** What a page may load: what is published, and what the specs and the examples run in it. */
const open =
  /^\/(?:dist|build\/browser|examples\/browser-chat|node_modules\/rxjs\/dist\/esm|node_modules\/tslib)\/[\w./-]+$/

const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' }

/** Serves modules to a browser as they are, and an empty page that knows them by their names. Answers its origin. */
export async function serveModules(): Promise<{ readonly origin: string; readonly close: () => void }> {
  const server = createServer(({ url = '' }, response) => {
    const path = url === '/' ? undefined : fileOf(url)
    if (url !== '/' && path === undefined) {
      response.writeHead(404).end()
      return
    }
    const text = path === undefined ? '<!doctype html>' : readFileSync(path, 'utf8')
    const type = types[extname(path ?? 'index.html')] ?? 'text/plain'
    response.writeHead(200, { 'content-type': `${type}; charset=utf-8` })
    response.end(type === 'text/html' ? withImportMap(text) : text)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** The modules of RxJS leave out the ends of names. */
function fileOf(url: string): string | undefined {
  if (!open.test(url) || url.includes('..')) return undefined
  const path = `.${url}`
  return [path, `${path}.js`, `${path}/index.js`].find(file => extname(file) !== '' && existsSync(file))
}

/** What a bundler finds by the conditions of the package's exports. */
function withImportMap(html: string): string {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as { exports: Readonly<Record<string, Entry>> }
  const ours = Object.entries(exports).map(([entry, files]) => [entry.replace('.', 'sluice'), moduleOf(files)] as const)
  const rxjs = '/node_modules/rxjs/dist/esm'
  const imports = Object.fromEntries([
    ...ours,
    ['rxjs', `${rxjs}/index.js`],
    ['rxjs/testing', `${rxjs}/testing/index.js`],
    ['tslib', '/node_modules/tslib/tslib.es6.js'],
  ])
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`
  return html.includes('<head>') ? html.replace('<head>', `<head>${map}`) : `${html}<html><head>${map}</head></html>`
}

function moduleOf(entry: unknown): string {
  if (typeof entry === 'string') return entry.replace('./', '/')
  const { browser, default: other } = entry as Entry
  return moduleOf(browser ?? other)
}
