import { expect } from 'chai'
import { SluiceError } from 'sluice'
import { connectionDefaults, connectionOptions } from '#src/connection/connection-options.js'
import {
  anything,
  boolean,
  bytes,
  callback,
  checkOptions,
  count,
  delay,
  milliseconds,
  oneOf,
  text,
  within,
  type Rule,
} from '#src/connection/options.js'

const faultsOf = (options: object, rules: Readonly<Record<string, Rule>>, required: readonly string[] = []): string => {
  try {
    checkOptions('thing', options, rules as never, required as never)
    return ''
  } catch (error) {
    expect(error).to.be.instanceOf(SluiceError).with.property('code', 'ERR_OPTIONS')
    return (error as Error).message
  }
}

describe('checkOptions', () => {
  it('is content with what is right, or left out, or said to be undefined', () => {
    expect(faultsOf({}, { port: count })).to.equal('')
    expect(faultsOf({ port: 1 }, { port: count, host: text })).to.equal('')
    expect(faultsOf({ port: undefined }, { port: count })).to.equal('')
  })

  it('names all faults at once, those that are missing and those that are no option included', () => {
    const rules = { port: within(0, 65_535), host: text, loud: boolean, how: oneOf('a', 'b', null) }
    const wrong = { host: '', loud: 1, how: {}, prot: 7, toString: 8 }
    expect(faultsOf(wrong, rules, ['port']).split('; ')).to.deep.equal([
      'thing: port is missing',
      "host must be a string that is not empty, not ''",
      'loud must be true or false, not 1',
      "how must be one of 'a', 'b', null, not an object",
      'prot is not an option',
      'toString is not an option',
    ])
  })

  it('takes what is undefined for missing where it must be there', () => {
    expect(faultsOf({ port: undefined }, { port: count }, ['port'])).to.equal('thing: port is missing')
  })
})

describe('The rules of options', () => {
  const func = () => undefined
  const rules: readonly [string, Rule, readonly unknown[], readonly unknown[]][] = [
    ['milliseconds', milliseconds, [1, 0.5, 2 ** 31 - 1, Infinity], [0, -1, NaN, 2 ** 31, '1', null, -Infinity]],
    ['delay', delay, [0, 1, 2 ** 31 - 1], [-1, NaN, 2 ** 31, Infinity, '1', null]],
    ['bytes', bytes, [1, 65_536, Infinity], [0, -1, 1.5, NaN, '1', null, 1n]],
    ['count', count, [1, 65_536, Infinity], [0, -1, 1.5, NaN, '1', null]],
    ['boolean', boolean, [true, false], [0, 'true', null]],
    ['text', text, ['a'], ['', 1, null, func]],
    ['callback', callback, [func], ['', 1, null, {}]],
    ['anything', anything, [null, 1, {}], []],
    ['oneOf', oneOf(1, 'a'), [1, 'a'], ['1', 2, null]],
    ['within', within(1, 3), [1, 2, 3], [0, 4, 1.5, '2', Infinity]],
  ]
  for (const [name, rule, right, wrong] of rules) {
    it(`${name} takes what it should, and nothing else`, () => {
      for (const value of right) expect(rule(value), String(value)).to.equal(undefined)
      for (const value of wrong)
        expect(rule(value), String(value))
          .to.be.a('string')
          .and.match(/^must be /)
    })
  }

  it('show what was given', () => {
    expect(
      faultsOf({ a: 'text', b: null, c: {}, d: func, e: NaN }, { a: count, b: count, c: count, d: count, e: count }),
    ).to.match(/not 'text'; .*not null; .*not an object; .*not a function; .*not NaN$/)
  })
})

describe('connectionOptions', () => {
  it('has a default for each', () => {
    expect(connectionOptions({})).to.deep.equal(connectionDefaults)
    expect(connectionOptions({ closeTimeout: undefined } as never)).to.deep.equal(connectionDefaults)
  })

  it('takes over those of connections, and no others', () => {
    const own = { highWaterMark: 9, lowWaterMark: 3, maxBuffered: 10, halfOpen: true, closeTimeout: 1, writeTimeout: 2 }
    expect(connectionOptions({ ...own, port: 1 } as never)).to.deep.equal(own)
  })

  it('keeps the marks that are left out at or below what may wait', () => {
    const lowered = { highWaterMark: 10, lowWaterMark: 10, maxBuffered: 10 }
    expect(connectionOptions({ maxBuffered: 10 })).to.include(lowered)
  })

  it('keeps the low mark at or below the high one', () => {
    expect(connectionOptions({ highWaterMark: 100 })).to.include({ highWaterMark: 100, lowWaterMark: 100 })
  })
})
