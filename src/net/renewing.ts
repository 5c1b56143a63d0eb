import type { Observable, Subscription } from 'rxjs'
import { asError } from '../connection/errors.js'
import type { ServerHandshakes } from './server-handshakes.js'
import type { ServerCredentials } from './tls-options.js'

/** Gives handshakes the credentials that come; those that are no good have failed, and those before them stay. */
export function renewing(
  handshakes: ServerHandshakes,
  renewed: Observable<ServerCredentials>,
  failed: (error: Error) => void,
): Subscription {
  return renewed.subscribe({
    next(credentials) {
      try {
        handshakes.renew(credentials)
      } catch (thrown) {
        failed(asError(thrown))
      }
    },
    error(thrown: unknown) {
      failed(asError(thrown))
    },
  })
}
