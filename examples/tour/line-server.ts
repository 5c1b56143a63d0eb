import { delay, map, tap } from 'rxjs'
import { perConnection } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

/** How long an answer takes, in milliseconds: whenever a connection is cut, some are under way. */
const THINKING = 400

/** Answers each line in capitals. */
export const lineServer = (port: number) =>
  tcp.listen({ host: '127.0.0.1', port }).pipe(
    framed(lines()),
    perConnection(packets =>
      packets.pipe(
        delay(THINKING),
        map(line => line.toUpperCase()),
      ),
    ),
    tap(event => {
      if (event.type === 'packet') event.connection.send(event.packet)
    }),
  )
