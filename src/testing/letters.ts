import { equal, textOf } from './equal.js'

/**
 * What the letters of a diagram stand for.
 *
 * An object with a `type` stands for an event; in an expectation for those that have these properties, whatever else
 * they have. An object with a `call` stands for something asked of a connection. Everything else is a packet. An
 * `error` may be told by its `code`.
 */
export type Letters = Readonly<Record<string, unknown>>

/** As much of an event as its letter says. */
export interface DrawnEvent {
  readonly type: string
  readonly [property: string]: unknown
}

/** What is drawn: an event by its `type`, or a call by its `call`. */
export interface Notation {
  readonly tag: 'type' | 'call'
  /** The tag of what carries a packet. */
  readonly packet: string
  /** The tags that have a letter of their own. */
  readonly letters: Readonly<Record<string, string>>
}

export const events: Notation = {
  tag: 'type',
  packet: 'packet',
  letters: { connecting: 'c', drain: 'd', end: 'e', listening: 'l', open: 'o', retry: 'r', close: 'x' },
}

export const calls: Notation = {
  tag: 'call',
  packet: 'send',
  letters: { end: 'e', close: 'x', destroy: 'x' },
}

/** What a packet's letter can't be: the letters of events, and what diagrams are made of. */
const taken = ' -()|#^!' + Object.values(events.letters).join('')

export function eventOf(letter: string, letters: Letters): DrawnEvent {
  const value = letters[letter]
  if (isTagged(value, 'type')) return value as DrawnEvent
  const type = Object.keys(events.letters).find(tag => events.letters[tag] === letter)
  return type === undefined || value !== undefined ? { type: 'packet', packet: value ?? letter } : { type }
}

/** The letter of an event or a call, or, where no letter says what it is, a description of it. */
export function letterOf(thing: object, { tag, packet, letters: ownLetters }: Notation, letters: Letters): string {
  const said = Object.entries(letters)
  const [fitting] = said.find(([, value]) => isTagged(value, tag) && fits(thing, value)) ?? []
  if (fitting !== undefined) return fitting
  const type = property(thing, tag)
  const letter = type === packet ? letterOfPacket(property(thing, 'packet'), letters) : ownLetters[String(type)]
  // A letter that was given a meaning has no other.
  return letter === undefined || isTagged(letters[letter], tag) ? described(thing, tag) : letter
}

function letterOfPacket(packet: unknown, letters: Letters): string | undefined {
  const [known] = Object.entries(letters).find(([, value]) => equal(value, packet)) ?? []
  if (known !== undefined) return known
  const text = packet instanceof Uint8Array ? textOf(packet) : packet
  const isLetter = typeof text === 'string' && /^.$/u.test(text) && !taken.includes(text)
  return isLetter && !Object.hasOwn(letters, text) ? text : undefined
}

/** Whether a value is, or tells the code of, an error. */
export function isError(actual: unknown, expected: unknown): boolean {
  return typeof expected === 'string' ? property(actual, 'code') === expected : equal(actual, expected)
}

/** An error, or one that has the code. */
export function errorOf(error: unknown): unknown {
  return typeof error === 'string' ? Object.assign(new Error(error), { code: error }) : error
}

/** Whether the letter of this value stands for an event, or for a call. */
export function isTagged(value: unknown, tag: Notation['tag']): value is object {
  return typeof property(value, tag) === 'string'
}

function fits(thing: object, expected: object): boolean {
  return Object.entries(expected).every(([name, value]) =>
    name === 'error' || name === 'cause' ? isError(property(thing, name), value) : equal(property(thing, name), value),
  )
}

function described(thing: object, tag: Notation['tag']): string {
  const details = ['packet', 'reason', 'error', 'attempt', 'delay'].map(name => shown(property(thing, name)))
  return `⟨${[String(property(thing, tag)), ...details].filter(word => word !== '').join(' ')}⟩`
}

/** A value, for whoever has to find out what is wrong. */
export function shown(value: unknown): string {
  if (value === undefined) return ''
  if (value instanceof Error) return 'code' in value ? String(value.code) : value.message
  const readable = value instanceof Uint8Array ? (textOf(value) ?? [...value]) : value
  return JSON.stringify(readable)
}

export function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (Reflect.get(of, name) as unknown) : undefined
}
