import { EMPTY, map, of } from 'rxjs'
import { lifecycle } from 'sluice'
import { run } from '../support/run.js'

describe('lifecycle', () => {
  it('keeps everything but the packets', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(cold('lco-p-q-d-e-r-(x|)').pipe(lifecycle())).toBe('lco-----d-e-r-(x|)')
    }))

  it('keeps what other operators tell', () =>
    run(({ expectEvents }) => {
      expectEvents(of({ type: 'weather' }).pipe(lifecycle())).toBe('(w|)', { w: { type: 'weather' } })
    }))

  it('says nothing where nothing comes, and ends as its source does', () =>
    run(({ cold, expectEvents }) => {
      expectEvents(EMPTY.pipe(lifecycle())).toBe('|')
      expectEvents(cold('o-p-(x#)', {}, 'EPIPE').pipe(lifecycle())).toBe('o---(x#)', {}, 'EPIPE')
    }))

  it('leaves when it is left', () =>
    run(({ cold, expectEvents, expectSubscriptions }) => {
      const source = cold('o-p-d-')
      expectEvents(
        source.pipe(
          lifecycle(),
          map(event => event),
        ),
        '^---!',
      ).toBe('o---')
      expectSubscriptions(source.subscriptions).toBe('^---!')
    }))
})
