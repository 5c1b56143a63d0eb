import { TestScheduler } from 'rxjs/testing'
import { virtualOnly } from './virtual-only.js'

// Loaded before all specs: whoever runs a marble test, and with whatever help, keeps to virtual time.

type Run = (this: TestScheduler, test: unknown) => unknown

const run = Reflect.get(TestScheduler.prototype, 'run') as Run

Reflect.set(TestScheduler.prototype, 'run', function (this: TestScheduler, test: unknown) {
  return virtualOnly(() => run.call(this, test))
})
