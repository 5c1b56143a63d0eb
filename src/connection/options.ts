import { SluiceError } from './errors.js'

/** Says what is wrong with a value ("must be …"), or nothing; `beside` are the options that it was given with. */
export type Rule = (value: unknown, beside?: Beside) => string | undefined

export type Beside = Readonly<Record<string, unknown>>

export type Rules<Options> = { readonly [Name in keyof Options]-?: Rule }

/**
 * Checks options before anything is opened, and names all their faults at once, options that don't exist included.
 *
 * @param required the names that may not be left out
 * @throws `SluiceError` with code `ERR_OPTIONS`
 */
export function checkOptions<Options extends object>(
  of: string,
  options: Options,
  rules: Rules<Options>,
  required: readonly (keyof Options & string)[] = [],
): void {
  if (!isObject(options))
    throw new SluiceError('ERR_OPTIONS', `${of}: options must be an object, not ${shown(options)}`)
  const missing = required.filter(name => options[name] === undefined).map(name => `${name} is missing`)
  const faults = [...missing, ...wrong(options, rules)]
  if (faults.length > 0) throw new SluiceError('ERR_OPTIONS', `${of}: ${faults.join('; ')}`)
}

/** What stands beside options in a call, as if it were among them. */
export function besides<Options extends object, Beside extends object>(
  options: Options,
  beside: Beside,
): Options & Beside {
  return (isObject(options) ? { ...beside, ...options } : options) as Options & Beside
}

/** Options that are themselves the value of one. */
export function group<Options extends object>(rules: Rules<Options>): Rule {
  return value => {
    if (!isObject(value)) return 'must be options'
    const faults = wrong(value, rules)
    return faults.length > 0 ? `must be options of which none is wrong (${faults.join('; ')})` : undefined
  }
}

function wrong(options: Beside, rules: Readonly<Record<string, Rule>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return []
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) return [`${name} is not an option`]
    const fault = rule(value, options)
    return fault === undefined ? [] : [`${name} ${fault}, not ${shown(value)}`]
  })
}

/** The longest wait that a timer can do. */
const LONGEST = 2 ** 31 - 1

export const milliseconds: Rule = value =>
  value === Infinity || (typeof value === 'number' && value > 0 && value <= LONGEST)
    ? undefined
    : `must be milliseconds, more than 0 and at most ${LONGEST}, or Infinity`

export const delay: Rule = value =>
  typeof value === 'number' && value >= 0 && value <= LONGEST ? undefined : `must be milliseconds, 0 to ${LONGEST}`

export const bytes: Rule = value =>
  value === Infinity || (Number.isInteger(value) && Number(value) > 0)
    ? undefined
    : 'must be a whole number of bytes, more than 0'

export const count: Rule = value =>
  value === Infinity || (Number.isInteger(value) && Number(value) > 0)
    ? undefined
    : 'must be a whole number, more than 0'

/** A count where none at all would let memory grow without an end. */
export const finiteCount: Rule = value => (value === Infinity ? 'must be a whole number, more than 0' : count(value))

export const boolean: Rule = value => (typeof value === 'boolean' ? undefined : 'must be true or false')

export const text: Rule = value =>
  typeof value === 'string' && value !== '' ? undefined : 'must be a string that is not empty'

export const callback: Rule = value => (typeof value === 'function' ? undefined : 'must be a function')

export const anything: Rule = () => undefined

export function oneOf(...values: readonly unknown[]): Rule {
  return value => (values.includes(value) ? undefined : `must be one of ${values.map(shown).join(', ')}`)
}

export function within(low: number, high: number): Rule {
  return value =>
    Number.isInteger(value) && Number(value) >= low && Number(value) <= high
      ? undefined
      : `must be a whole number from ${low} to ${high}`
}

/** What is wrong with a value that may not be more than another option is, or is by default. */
export function above(value: unknown, name: string, limit: unknown): string | undefined {
  return Number(value) > Number(limit) ? `must be at most ${name}, which is ${String(limit)}` : undefined
}

function isObject(value: unknown): value is Beside {
  return typeof value === 'object' && value !== null
}

/** Those of a URL, which are not to be found in a log. */
const CREDENTIALS = /\/\/[^/?#]*@/

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.replace(CREDENTIALS, '//…@')}'`
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'function' ? 'a function' : String(value)
}
