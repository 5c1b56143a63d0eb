import { SluiceError } from '../../connection/errors.js'
import type { CloseWith } from '../close-status.js'
import type { Message } from '../message.js'
import { WebSocketLink } from '../web-socket-link.js'
import { isSayable } from './sayable.js'

/** A connection that says only what the platform lets a page say. */
export class PlatformLink extends WebSocketLink<Message, Message> {
  override close(how?: 'local' | 'shutdown' | CloseWith): void {
    if (typeof how === 'object' && !isSayable(how.code))
      throw new SluiceError('ERR_OPTIONS', `close: code must be 1000 or 3000 to 4999 in a browser, not ${how.code}`)
    super.close(how)
  }
}
