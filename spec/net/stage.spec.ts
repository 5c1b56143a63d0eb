import { expect } from 'chai'
import { TestScheduler } from 'rxjs/testing'
import { Stage, overdue } from '#src/net/stage.js'

/** Runs in virtual time, and answers what became overdue, and when. */
function inTime(
  act: (stage: Stage, at: (time: number, act: () => void) => void) => void,
): [at: number, code: string][] {
  const log: [number, string][] = []
  const scheduler = new TestScheduler(() => undefined)
  scheduler.run(() => {
    const stage = new Stage(({ code }) => log.push([scheduler.now(), code]))
    act(stage, (time, later) => {
      scheduler.schedule(later, time)
    })
  })
  return log
}

describe('Stage', () => {
  it('is overdue when its time has passed', () => {
    expect(inTime(stage => stage.enter('connect', 30))).to.deep.equal([[30, 'ERR_CONNECT_TIMEOUT']])
  })

  it('has a code for each stage', () => {
    expect((['resolve', 'connect', 'handshake'] as const).map(stage => overdue(stage, 5).code)).to.deep.equal([
      'ERR_RESOLVE_TIMEOUT',
      'ERR_CONNECT_TIMEOUT',
      'ERR_HANDSHAKE_TIMEOUT',
    ])
    expect(overdue('handshake', 5).message).to.equal('handshake took longer than 5 ms')
  })

  it('is left as the next one is entered', () => {
    const log = inTime((stage, at) => {
      stage.enter('resolve', 30)
      at(20, () => {
        stage.enter('connect', 40)
      })
    })
    expect(log).to.deep.equal([[60, 'ERR_CONNECT_TIMEOUT']])
  })

  it('is never overdue once left', () => {
    const log = inTime((stage, at) => {
      stage.enter('handshake', 30)
      at(29, () => {
        stage.leave()
      })
    })
    expect(log).to.deep.equal([])
  })

  it('is never overdue where there is no limit', () => {
    expect(inTime(stage => stage.enter('connect', Infinity))).to.deep.equal([])
  })
})
