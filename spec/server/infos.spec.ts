import { expect } from 'chai'
import { asyncScheduler, Subject } from 'rxjs'
import { nothingYet } from '#src/server/server-info.js'
import { infos } from '#src/server/infos.js'
import { diary } from '../support/diary.js'

describe('infos', () => {
  const { now } = asyncScheduler
  afterEach(() => {
    asyncScheduler.now = now
  })

  it('wait no longer where the clock is set back', () => {
    const told = diary(({ at, write }) => {
      const changes = new Subject<void>()
      infos({ changes, info: () => nothingYet, over: () => false }, 10).subscribe(() => {
        write('told')
      })
      at(2, () => {
        asyncScheduler.now = () => now() - 1_000
        changes.next()
      })
    })
    expect(told).to.deep.equal(['0 told', '12 told'])
  })
})
