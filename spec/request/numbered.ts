import { catchError, of, type Observable } from 'rxjs'
import { byId, RequestError } from 'sluice/request'

/** A protocol of numbered letters: `1a` asks, `1A` answers, `1!` cancels. What has no number has to do with no request. */
export const numbered = byId<string>({
  put: (packet, id) => `${id}${packet}`,
  get: packet => (/^\d/.test(packet) ? Number.parseInt(packet) : undefined),
  cancel: id => `${id}!`,
})

/** What the letters of diagrams stand for. */
export const letters: Readonly<Record<string, string>> = {
  1: '1',
  2: '2',
  3: '3',
  a: '1a',
  b: '2b',
  g: '3g',
  A: '1A',
  B: '2B',
  G: '3G',
  y: '1!',
  z: '2!',
  k: '3!',
  t: 'ERR_REQUEST_TIMEOUT unknown',
  T: 'ERR_REQUEST_TIMEOUT no',
  L: 'ERR_REQUEST_LOST unknown',
  M: 'ERR_REQUEST_LOST no',
  O: 'ERR_REQUEST_OVERFLOW no',
}

/** What becomes of an ask: a failure is told by its code, and whether the request was sent. */
export function fate<Answer>(ask: Observable<Answer>): Observable<Answer | string> {
  return ask.pipe(
    catchError((error: unknown) => {
      if (!(error instanceof RequestError)) throw error
      return of(`${error.code} ${error.sent}`)
    }),
  )
}
