import { expect } from 'chai'
import { Observable, Subject, type Observer } from 'rxjs'
import { Inlet } from '#src/connection/inlet.js'

class Ear extends Inlet<string> {
  readonly heard: string[] = []

  protected take(event: string): void {
    this.heard.push(event)
  }

  protected failed(error: unknown): void {
    this.heard.push(`failed: ${String(error)}`)
  }

  protected ended(): void {
    this.heard.push('ended')
  }
}

describe('Inlet', () => {
  it('is what its source tells, with nothing in between', () => {
    const ear = new Ear()
    let told: Observer<string> | undefined
    new Observable<string>(observer => {
      told = observer
    }).subscribe(ear)
    expect(told).to.equal(ear)
  })

  it('hears events, and one last word', () => {
    for (const [last, word] of [
      ['complete', 'ended'],
      ['error', 'failed: why'],
    ] as const) {
      const ear = new Ear()
      ear.next('a')
      ear[last]('why')
      ear.next('late')
      ear.complete()
      ear.error('late')
      expect(ear.heard).to.deep.equal(['a', word])
    }
  })

  it('leaves its source, and hears nothing more', () => {
    const source = new Subject<string>()
    const ear = new Ear()
    source.subscribe(ear)
    source.next('a')
    ear.unsubscribe()
    expect([source.observed, ear.closed]).to.deep.equal([false, true])
    ear.next('late')
    expect(ear.heard).to.deep.equal(['a'])
  })

  it('undoes what was added to it, unless that was removed', () => {
    const ear = new Ear()
    const undone: string[] = []
    const kept = () => undone.push('kept')
    ear.add(() => undone.push('added'))
    ear.add(kept)
    ear.remove(kept)
    ear.unsubscribe()
    expect(undone).to.deep.equal(['added'])
  })

  it('hears what an Observable throws while it is subscribed', () => {
    const ear = new Ear()
    new Observable<string>(() => {
      throw new Error('no source')
    }).subscribe(ear)
    expect(ear.heard).to.deep.equal(['failed: Error: no source'])
  })
})
