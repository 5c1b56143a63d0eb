import { expect } from 'chai'
import { recordingConnection } from 'sluice/testing'
import { unfinishedOn } from '#src/connection/unfinished.js'

describe('What is unfinished on a connection', () => {
  it('is waited for until there is none, once', () => {
    const connection = recordingConnection()
    const told: string[] = []
    unfinishedOn(connection).begin()
    unfinishedOn(connection).begin()
    unfinishedOn(connection).whenNone(() => told.push('none'))
    unfinishedOn(connection).end()
    expect(told).to.deep.equal([])
    unfinishedOn(connection).end()
    unfinishedOn(connection).begin()
    unfinishedOn(connection).end()
    expect(told).to.deep.equal(['none'])
  })

  it('is not waited for where there is none', () => {
    const told: string[] = []
    unfinishedOn(recordingConnection()).whenNone(() => told.push('none'))
    expect(told).to.deep.equal(['none'])
  })
})
