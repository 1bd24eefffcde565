import { describe, expect, test } from 'vitest'
import { CheckFailedError, check } from '../../../src/testing/index.js'
import { gallery } from './gallery.js'

/** Given, so that it is as many on every machine. */
const EXECUTIONS = 300
/** Few enough for every run of the tests; test/long looks for as long as the bugs are looked for. */
const TWIN_EXECUTIONS = 60

describe.each(gallery)('$name', ({ buggy, correct, kinds, objects }) => {
  test('is found, and shrunk to this', async () => {
    const failure: unknown = await check(buggy, { kinds, objects, executions: EXECUTIONS }).catch(
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(CheckFailedError)
    const { message, simulation } = failure as CheckFailedError
    const [headline] = message.split('\n\n')
    expect(`${headline}\n\n${simulation.timeline}`).toMatchSnapshot()
    expect(message.split('\n').length).toBeLessThanOrEqual(60)
    const [, bounds] = message.split('\nBounds: ')
    expect(bounds).toMatch(
      /^found in execution \d+ of: \d+ planned at rest; \d+ executions \(seeds 1 to \d+\)/,
    )
  })

  test('is not found where it is not', async () => {
    const executions = TWIN_EXECUTIONS
    await expect(check(correct, { kinds, objects, executions })).resolves.toMatchObject({
      bounds: expect.any(String),
    })
  })
})
