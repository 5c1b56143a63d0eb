import { EMPTY, NEVER } from 'rxjs'
import { packets } from 'sluice'
import { run } from '../support/run.js'

describe('packets', () => {
  it('keeps the packets, and drops everything else', () =>
    run(({ cold, expectObservable }) => {
      expectObservable(cold('lco-p-q-d-e-r-(x|)').pipe(packets())).toBe('----p-q-------|')
    }))

  it('keeps those of all connections', () =>
    run(({ cold, expectObservable }) => {
      expectObservable(cold(['-o-a-b', '--o-q-|']).pipe(packets())).toBe('---aqb|')
    }))

  it('says nothing where nothing comes, and ends as its source does', () =>
    run(({ cold, expectObservable }) => {
      expectObservable(NEVER.pipe(packets())).toBe('-')
      expectObservable(EMPTY.pipe(packets())).toBe('|')
      const error = new Error('why')
      expectObservable(cold('o-p-(x#)', {}, error).pipe(packets())).toBe('--p-#', undefined, error)
    }))

  it('leaves when it is left', () =>
    run(({ cold, expectObservable, expectSubscriptions }) => {
      const source = cold('o-p-q-')
      expectObservable(source.pipe(packets()), '^--!').toBe('--p')
      expectSubscriptions(source.subscriptions).toBe('^--!')
    }))
})
