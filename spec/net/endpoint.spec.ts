import { Socket } from 'node:net'
import { expect } from 'chai'
import { localEndpoint, remoteEndpoint, rememberAddresses } from '#src/net/endpoint.js'
import { closeAll } from '../support/net/closing.js'
import { gone, rawClient, rawServer } from '../support/net/peers.js'

describe('The endpoints of a socket', () => {
  afterEach(closeAll)

  it('are known while it is open, and afterwards', async () => {
    const server = await rawServer()
    const socket = await rawClient({ port: server.port })
    rememberAddresses(socket)
    const local = { address: '127.0.0.1', port: socket.localPort, family: 'IPv4' }
    const remote = { address: '127.0.0.1', port: server.port, family: 'IPv4' }
    expect([localEndpoint(socket), remoteEndpoint(socket)]).to.deep.equal([local, remote])
    socket.destroy()
    await gone(socket)
    expect([localEndpoint(socket), remoteEndpoint(socket)]).to.deep.equal([local, remote])
  })

  it('are unknown of a socket that was never connected', () => {
    const socket = new Socket()
    rememberAddresses(socket)
    expect([localEndpoint(socket), remoteEndpoint(socket)]).to.deep.equal([undefined, undefined])
  })
})
