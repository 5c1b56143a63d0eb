/**
 * Takes ten milliseconds for each line that a server sends, which may be as fast as it likes: it is held back, and memory stays where it is.
 *
 * `yes | nc -l 4000`, then `node build/examples/slow-consumer.js 4000`
 */
import { map, take, timer } from 'rxjs'
import { consume, packets } from 'sluice'
import { framed, lines } from 'sluice/framing'
import { tcp } from 'sluice/net'

const [port = '4000'] = process.argv.slice(2)

tcp
  .connect({ host: 'localhost', port: Number(port), closeTimeout: 100 })
  .pipe(
    framed(lines()),
    consume((line, { bytesRead }) => timer(10).pipe(map(() => `${line}: ${bytesRead} bytes read`)), { prefetch: 8 }),
    packets(),
    take(100),
  )
  .subscribe({
    next: result => console.log(result),
    complete: () => console.log('100 lines handled'),
  })
