import { isIPv4 } from 'node:net'
import { expect } from 'chai'
import fc from 'fast-check'
import { pack, unpack } from '#src/net/packed-address.js'

describe('A packed address', () => {
  const port = fc.nat(65_535)

  it('tells what was packed, however IPv4 is written', () => {
    fc.assert(
      fc.property(fc.ipV4(), port, fc.boolean(), (ip, at, mapped) => {
        const address = mapped ? `::ffff:${ip}` : ip
        const packed = pack(address, at)
        expect(packed === undefined ? undefined : unpack(packed)).to.deep.equal({
          address,
          port: at,
          family: mapped ? 'IPv6' : 'IPv4',
        })
      }),
    )
    for (const address of ['0.0.0.0', '255.255.255.255', '::ffff:255.255.255.255', '127.0.0.1'])
      expect(unpack(pack(address, 65_535) ?? 0)).to.include({ address, port: 65_535 })
  })

  it('is none of anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV6(), fc.string(), fc.domain()), port, (address, at) => {
        fc.pre(!isIPv4(address.replace('::ffff:', '')))
        expect(pack(address, at)).to.equal(undefined)
      }),
    )
    for (const address of ['', '1.2.3', '1.2.3.4.5', '::1', '::ffff:7f00:1', 'fe80::1%eth0', '::'])
      expect(pack(address, 1)).to.equal(undefined)
  })
})
