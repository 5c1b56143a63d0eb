import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import { FileLimit } from '#src/net/file-limit.js'
import { closeAll } from '../support/net/closing.js'
import { directory } from '../support/net/directory.js'

describe('FileLimit', () => {
  afterEach(closeAll)

  it('keeps back an eighth of the files', () => {
    expect(firstRefused(limited('64'))).to.equal(56)
  })

  it('keeps back 32 at the most', () => {
    expect(firstRefused(limited('1024'))).to.equal(992)
    expect(firstRefused(limited('1048576'))).to.equal(1_048_544)
  })

  it('says why', () => {
    expect(limited('64').objection(numbered(60))).to.include({
      code: 'ERR_TOO_MANY_FILES',
      message: 'of the 64 files that this process may open, no more than 8 are left',
    })
  })

  it('objects to nothing where there is no limit, or none is known', () => {
    const unknown = new FileLimit(join(directory(), 'none'))
    for (const limit of [limited('unlimited'), unknown]) expect(limit.objection(numbered(1e9))).to.equal(undefined)
  })

  it('objects to no socket whose number is not known', () => {
    for (const socket of [{}, { _handle: null }, { _handle: {} }, { _handle: { fd: -1 } }])
      expect(limited('8').objection(socket as Socket)).to.equal(undefined)
  })
})

/** A limit as Linux tells it. */
function limited(soft: string): FileLimit {
  const path = join(directory(), 'limits')
  writeFileSync(
    path,
    [
      'Limit                     Soft Limit           Hard Limit           Units     ',
      'Max processes             63433                63433                processes ',
      `Max open files            ${soft.padEnd(20)} 1048576              files     `,
      'Max locked memory         8388608              8388608              bytes     ',
    ].join('\n'),
  )
  return new FileLimit(path)
}

function firstRefused(limit: FileLimit): number {
  let [kept, refused] = [0, 2 ** 21]
  while (refused - kept > 1) {
    const between = Math.floor((kept + refused) / 2)
    if (limit.objection(numbered(between)) === undefined) kept = between
    else refused = between
  }
  return refused
}

function numbered(fd: number): Socket {
  return { _handle: { fd } } as unknown as Socket
}
