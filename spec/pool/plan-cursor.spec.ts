import { expect } from 'chai'
import fc from 'fast-check'
import type { Plan, PlannedStep, Step } from 'sluice/pool'
import { PlanCursor } from '#src/pool/plan-cursor.js'
import { check } from '../support/property.js'

const cause = new Error('the cause')

/** What the plan answers to so many ends, up to the error with which it gives up: steps, and the code of that. */
function answers(plan: Plan, rounds: number, ends: number): unknown[] {
  const cursor = new PlanCursor(plan, rounds)
  const given: unknown[] = []
  for (let end = 0; end < ends; end += 1) {
    try {
      given.push(cursor.next(cause))
    } catch (thrown) {
      const { code } = thrown as { readonly code: string }
      return [...given, code]
    }
  }
  return given
}

/** The rules, word by word. */
function model(plan: readonly PlannedStep[], rounds: number, ends: number): unknown[] {
  const given: unknown[] = []
  let [index, round] = [0, 0]
  for (let end = 1; end <= ends; end += 1) {
    // An end that arrives when the round is as many as there are is fatal; so is any where the plan is empty.
    if (round === rounds) return [...given, 'ERR_GAVE_UP']
    const planned = plan[index]
    if (planned === undefined) return [...given, 'ERR_GAVE_UP']
    // Functions are told how many ends there were: the first is told 1, and it never resets.
    given.push(typeof planned === 'function' ? planned(cause, end) : planned)
    // After the last element it wraps, and the round is one more.
    index += 1
    if (index === plan.length) [index, round] = [0, round + 1]
  }
  return given
}

describe('PlanCursor', () => {
  it('does what the rules say, for any plan, any rounds and any number of ends', () => {
    const step = fc.oneof(
      fc.constantFrom<Step>('restart', 'wait', 'delete', 'stop', { stop: 'a reason' }),
      fc.nat(9).map((restartAfter): Step => ({ restartAfter })),
      fc.constant((_: unknown, count: number): Step => ({ restartAfter: count })),
    )
    const rounds = fc.oneof(fc.nat(4), fc.constant(Infinity))
    check(
      fc.property(fc.array<PlannedStep>(step, { maxLength: 5 }), rounds, fc.nat(30), (plan, rounds, ends) => {
        expect(answers(plan, rounds, ends)).to.deep.equal(model(plan, rounds, ends))
      }),
      500,
    )
  })

  it('evaluates a single step as often as there are rounds', () => {
    expect(answers(['restart'], 5, 9)).to.deep.equal([...Array<Step>(5).fill('restart'), 'ERR_GAVE_UP'])
    expect(answers([() => 'restart'], 1, 2)).to.deep.equal(['restart', 'ERR_GAVE_UP'])
  })

  it('gives up at the first end without rounds, and without steps', () => {
    expect(answers(['restart'], 0, 1)).to.deep.equal(['ERR_GAVE_UP'])
    expect(answers([], Infinity, 1)).to.deep.equal(['ERR_GAVE_UP'])
  })

  it('tells functions the cause', () => {
    const told: unknown[] = []
    new PlanCursor([(...args) => (told.push(args), 'restart')], 1).next(cause)
    expect(told).to.deep.equal([[cause, 1]])
  })

  it('takes from a plan no more than it needs, and each round afresh', () => {
    let begun = 0
    let taken = 0
    const plan: Plan = {
      *[Symbol.iterator]() {
        begun += 1
        for (const step of ['restart', 'wait'] as const) {
          taken += 1
          yield step
        }
      },
    }
    const cursor = new PlanCursor(plan, 2)
    expect([begun, taken]).to.deep.equal([0, 0])
    for (const expected of [
      [1, 1],
      [1, 2],
      [2, 3],
    ]) {
      cursor.next(cause)
      expect([begun, taken]).to.deep.equal(expected)
    }
  })

  it('has a code for what fails in a plan', () => {
    const bad: readonly unknown[] = [
      [() => 'again'],
      [() => () => 'restart'],
      [() => undefined],
      [() => ({ restartAfter: -1 })],
      [() => null],
      [
        () => {
          throw new Error('a bug')
        },
      ],
      {
        [Symbol.iterator]() {
          throw new Error('a bug')
        },
      },
    ]
    for (const plan of bad) expect(answers(plan as Plan, 1, 1)).to.deep.equal(['ERR_PLAN'])
  })
})
