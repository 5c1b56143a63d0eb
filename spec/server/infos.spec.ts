import { expect } from 'chai'
import { Subject } from 'rxjs'
import { nothingYet } from '#src/server/server-info.js'
import { infos } from '#src/server/infos.js'
import { diary } from '../support/diary.js'
import { resetClock, setClock } from '../support/set-clock.js'

describe('infos', () => {
  afterEach(resetClock)

  it('wait no longer where the clock is set back', () => {
    const told = diary(({ at, write }) => {
      const changes = new Subject<void>()
      infos({ changes, info: () => nothingYet, over: () => false }, 10).subscribe(() => {
        write('told')
      })
      at(2, () => {
        setClock(-1_000)
        changes.next()
      })
    })
    expect(told).to.deep.equal(['0 told', '12 told'])
  })
})
