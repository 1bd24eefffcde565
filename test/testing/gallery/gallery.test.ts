import { describe, expect, test } from 'vitest'
import { CheckFailedError, check } from '../../../src/testing/index.js'
import { gallery } from './gallery.js'

/** Few enough for every run of the tests; test/long looks for as long as the bugs are looked for. */
const TWIN_EXECUTIONS = 60

describe.each(gallery)('$name', ({ buggy, correct, kinds, objects }) => {
  test('is found, and shrunk to this', async () => {
    const failure: unknown = await check(buggy, { kinds, objects }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CheckFailedError)
    const { message, simulation } = failure as CheckFailedError
    const [headline] = message.split('\n\n')
    expect(`${headline}\n\n${simulation.timeline}`).toMatchSnapshot()
    expect(message.split('\n').length).toBeLessThanOrEqual(60)
    const [, bounds] = message.split('\nBounds: ')
    expect(bounds).toMatch(/^300 executions \(seeds 1 to 300\)/)
  })

  test('is not found where it is not', async () => {
    const executions = TWIN_EXECUTIONS
    await expect(check(correct, { kinds, objects, executions })).resolves.toMatchObject({
      bounds: expect.any(String),
    })
  })
})
