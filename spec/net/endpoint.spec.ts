import { Socket } from 'node:net'
import { expect } from 'chai'
import { endpointOf, localEndpoint, rememberAccepted, rememberDialled, remoteEndpoint } from '#src/net/endpoint.js'
import { acceptedKind } from '#src/net/socket-kind.js'
import { closeAll } from '../support/net/closing.js'
import { gone, rawClient, rawServer } from '../support/net/peers.js'

const host = '127.0.0.1'
const family = 'IPv4'

describe('The endpoints of a socket', () => {
  afterEach(closeAll)

  async function connected() {
    const server = await rawServer()
    const socket = await rawClient({ port: server.port })
    const local = { address: host, port: socket.localPort, family }
    const remote = { address: host, port: server.port, family }
    return { socket, local, remote }
  }

  it('are known while it is open, and afterwards, where a name was dialled', async () => {
    const { socket, local, remote } = await connected()
    rememberDialled(socket, endpointOf({ port: remote.port }))
    expect([localEndpoint(socket), remoteEndpoint(socket)]).to.deep.equal([local, remote])
    socket.destroy()
    await gone(socket)
    expect([localEndpoint(socket), remoteEndpoint(socket)]).to.deep.equal([local, remote])
  })

  it('are known where it was accepted', async () => {
    const { socket, local, remote } = await connected()
    const bound = { address: host, port: local.port ?? 0 }
    rememberAccepted(socket, bound)
    socket.destroy()
    await gone(socket)
    expect(acceptedKind(() => bound).local(socket)).to.equal(bound)
    expect(remoteEndpoint(socket)).to.deep.equal(remote)
  })

  it('are asked for without a note of Node, which is larger than ours', async () => {
    const { socket, remote } = await connected()
    const note = (): unknown => Reflect.get(socket, '_peername')
    rememberAccepted(socket, { address: host, port: 1 })
    expect(remoteEndpoint(socket)).to.deep.equal(remote)
    expect(note()).to.equal(undefined)
    expect([socket.remotePort, note()]).to.deep.equal([remote.port, { address: host, family, port: remote.port }])
  })

  it('are asked of the socket where it was bound to every address', async () => {
    const { socket, local } = await connected()
    const bound = { address: '::', port: 1 }
    rememberAccepted(socket, bound)
    expect(acceptedKind(() => bound).local(socket)).to.deep.equal(local)
  })

  it('are unknown of a socket that was never connected', () => {
    const socket = new Socket()
    rememberDialled(socket, { address: 'localhost' })
    expect([localEndpoint(socket), remoteEndpoint(socket)]).to.deep.equal([undefined, undefined])
  })
})

describe('endpointOf', () => {
  it('tells all of an address, and of a name what is known', () => {
    expect(endpointOf({ host, port: 4000 })).to.deep.equal({ address: host, port: 4000, family })
    expect(endpointOf({ port: 4000 })).to.deep.equal({ address: 'localhost', port: 4000 })
    expect(endpointOf({ path: '/run/socket' })).to.deep.equal({ address: '/run/socket' })
  })
})
