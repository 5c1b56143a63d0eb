import { expect } from 'chai'
import type { SkippedEvent } from 'sluice/framing'
import { recordingConnection } from 'sluice/testing'
import type { AnyEvent } from '#src/connection/event.js'
import { Inbox } from '#src/flow/inbox.js'
import { growth } from '../support/growth.js'

describe('An inbox', () => {
  it('forgets a connection of which something was told behind its close', () => {
    const inbox = new Inbox<AnyEvent | SkippedEvent>(16)
    const cycle = (): void => {
      const connection = recordingConnection()
      inbox.put({ type: 'close', connection, reason: 'remote', bytesUnsent: 0 })
      inbox.take()
      inbox.put({ type: 'skipped', connection, size: 1 })
      inbox.take()
    }
    expect(growth(cycle)).to.be.below(20)
  })
})
