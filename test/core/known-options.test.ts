import { describe, expect, test } from 'vitest'
import { assertKnown, knownOptions, ownOptions } from '../../src/core/internal.js'

interface Options {
  readonly dryRun?: boolean
  readonly preconditions?: object
  readonly ttlMs?: number
}
const known = knownOptions<Options>('write', { dryRun: true, preconditions: true, ttlMs: true })
const messageOf = (options: unknown): string => {
  try {
    assertKnown(options as object, known)
    return 'fine'
  } catch (error) {
    return (error as Error).message
  }
}

describe('options', () => {
  test.each<[unknown, string]>([
    [{}, 'fine'],
    [{ dryRun: true, ttlMs: 5 }, 'fine'],
    [{ anything: undefined }, 'fine'],
    [{ dryrun: true }, 'write has no option "dryrun"; did you mean dryRun?'],
    [{ precondition: {} }, 'write has no option "precondition"; did you mean preconditions?'],
    [{ TTL: 5 }, 'write has no option "TTL"; did you mean ttlMs?'],
    [{ colour: 'red' }, 'write has no option "colour"; it takes dryRun, preconditions, ttlMs'],
    [Object.create({ dryrun: true }), 'write has no option "dryrun"; did you mean dryRun?'],
    [null, 'the options of write must be an object of dryRun, preconditions, ttlMs, not null'],
    ['dryRun', 'the options of write must be an object of dryRun, preconditions, ttlMs, not dryRun'],
  ])('%j: %s', (options, message) => {
    expect(messageOf(options)).toBe(message)
  })

  test('a name without end is named by its beginning', () => {
    expect(messageOf({ ['x'.repeat(1e6)]: 1 }).length).toBeLessThan(200)
  })

  test('are copied as far as they are plain', () => {
    const signal = new AbortController().signal
    const options = { deep: { list: [{ a: 1 }] }, signal }
    const own = ownOptions(options)
    options.deep.list.push({ a: 2 })
    expect(own).toEqual({ deep: { list: [{ a: 1 }] }, signal })
    expect(own.signal).toBe(signal)
  })
})
