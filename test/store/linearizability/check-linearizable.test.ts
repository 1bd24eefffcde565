import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Operation, SequentialModel } from './check-linearizable.js'
import { checkLinearizable } from './check-linearizable.js'

type Input = { readonly write: number } | 'read'
type Call = Operation<Input, number | 'done'>

/** One number that is written and read. */
const register: SequentialModel<number, Input, number | 'done'> = {
  initial: 0,
  apply: (state, input, output) => {
    if (input === 'read') return output === undefined || output === state ? [state] : []
    return output === undefined || output === 'done' ? [input.write] : []
  },
  textOf: String,
}

/** `write 1 from 0 to 5`: called at 0, answered at 5; without `to` it was never answered, `lost` says when its server ended. */
function call(text: string): Call {
  const [, verb, value, from, to, lost] =
    /^(write|read) (\d+) from (\d+)(?: to (\d+))?(?: lost (\d+))?$/.exec(text) ?? []
  const input: Input = verb === 'write' ? { write: Number(value) } : 'read'
  const output = verb === 'write' ? 'done' : Number(value)
  return {
    client: text,
    input,
    calledAt: Number(from),
    ...(to === undefined ? {} : { answer: { at: Number(to), output } }),
    ...(lost === undefined ? {} : { lostAt: Number(lost) }),
  }
}

describe('a history', () => {
  test.each<[string, readonly string[]]>([
    ['of nothing', []],
    ['one after the other', ['write 1 from 0 to 1', 'read 1 from 2 to 3']],
    ['a read beside a write sees the old value', ['write 1 from 0 to 9', 'read 0 from 1 to 2']],
    ['a read beside a write sees the new value', ['write 1 from 0 to 9', 'read 1 from 1 to 2']],
    [
      'two writes beside each other, the earlier call wins',
      ['write 1 from 0 to 9', 'write 2 from 1 to 8', 'read 1 from 10 to 11'],
    ],
    [
      'an unanswered write is seen much later',
      ['write 1 from 0', 'read 0 from 1 to 2', 'read 1 from 3 to 4'],
    ],
    ['an unanswered write is never seen', ['write 1 from 0', 'read 0 from 1 to 2']],
    ['a write of a server that ended is seen later', ['write 1 from 0 lost 1', 'read 1 from 2 to 3']],
    ['a write of a server that ended is lost', ['write 1 from 0 lost 1', 'read 0 from 2 to 3']],
    [
      'of Herlihy and Wing, an older value until the write is seen',
      [
        'write 1 from 0 to 20',
        'read 0 from 1 to 3',
        'write 2 from 4 to 19',
        'read 2 from 5 to 7',
        'read 1 from 8 to 10',
      ],
    ],
  ])('that is linearizable: %s', (_what, texts) => {
    const found = checkLinearizable(texts.map(call), register)
    expect(found.isLinearizable).toBe(true)
  })

  test.each<[string, readonly string[]]>([
    ['a stale read', ['write 1 from 0 to 1', 'read 0 from 2 to 3']],
    ['a value from nowhere', ['read 7 from 0 to 1']],
    ['a read goes back behind another', ['write 1 from 0 to 9', 'read 1 from 1 to 2', 'read 0 from 3 to 4']],
    [
      'two readers see two writes in different orders',
      ['write 1 from 0 to 9', 'write 2 from 0 to 9', 'read 1 from 10 to 11', 'read 2 from 12 to 13'],
    ],
    ['an answered write is lost', ['write 1 from 0 to 1', 'write 2 from 2 to 3', 'read 1 from 4 to 5']],
    [
      'a write of a server that ended comes back',
      ['write 1 from 0 lost 1', 'read 0 from 2 to 3', 'read 1 from 4 to 5'],
    ],
    [
      'an unanswered write is seen and then gone',
      ['write 1 from 0', 'read 1 from 1 to 2', 'read 0 from 3 to 4'],
    ],
  ])('that is not: %s', (_what, texts) => {
    const found = checkLinearizable(texts.map(call), register)
    expect(found.isLinearizable).toBe(false)
    expect('stuckAt' in found && found.stuckAt.length).toBeGreaterThan(0)
  })
})

/** Every order of every choice of the unanswered calls. */
function isLinearizableByTrial(calls: readonly Call[], state = register.initial): boolean {
  if (calls.every(each => each.answer === undefined)) return true
  return calls.some(first => {
    const rest = calls.filter(each => each !== first)
    if (rest.some(each => each.answer !== undefined && each.answer.at < first.calledAt)) return false
    return register
      .apply(state, first.input, first.answer?.output)
      .some(after => isLinearizableByTrial(rest, after))
  })
}

const anyCall = fc
  .record({
    input: fc.oneof(fc.constant('read' as const), fc.record({ write: fc.integer({ min: 1, max: 2 }) })),
    seen: fc.integer({ min: 0, max: 2 }),
    calledAt: fc.integer({ min: 0, max: 12 }),
    takes: fc.integer({ min: 1, max: 6 }),
    isAnswered: fc.boolean(),
  })
  .map(
    ({ input, seen, calledAt, takes, isAnswered }): Call => ({
      client: '',
      input,
      calledAt: 2 * calledAt,
      ...(isAnswered
        ? { answer: { at: 2 * (calledAt + takes) + 1, output: input === 'read' ? seen : 'done' } }
        : {}),
    }),
  )

test('the search agrees with trying every order', () => {
  let linearizable = 0
  const runs = 400
  fc.assert(
    fc.property(fc.array(anyCall, { maxLength: 6 }), calls => {
      const found = checkLinearizable(calls, register)
      if (found.isLinearizable) linearizable++
      expect(found.isLinearizable).toBe(isLinearizableByTrial(calls))
    }),
    { numRuns: runs },
  )
  // Both answers are well met.
  expect(linearizable).toBeGreaterThan(runs / 10)
  expect(linearizable).toBeLessThan((runs * 9) / 10)
})
