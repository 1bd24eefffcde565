import { describe, expect, test } from 'vitest'
import type { CheckOptions } from '../../../../src/testing/index.js'
import { check, justifiedDelete } from '../../../../src/testing/index.js'
import { failureIn, oneApp } from '../../fixtures/apps.js'
import { keeping, unjustified } from '../../fixtures/draining-apps.js'
import { entriesOfCreation } from '../../gallery/entries-of-creation.js'
import { entriesOfDeletion } from '../../gallery/entries-of-deletion.js'

const invariants = [justifiedDelete()]
const base: CheckOptions = { ...oneApp, executions: 100, invariants }

describe('a deletion', () => {
  // Few seeds have the edit that it takes while a pod drains; test/long looks for them from the first seed on.
  test.each([
    ['client', 540],
    ['cache', 160],
  ] as const)('by what was read before the owner changed is found, over a %s', async (reads, seed) => {
    const { make, options, says } = unjustified(reads)
    expect((await failureIn(make, { ...options, seed, executions: 30 })).message).toMatch(says)
  })

  test.each(['client', 'cache'] as const)('with a precondition is justified, over a %s', async reads => {
    await expect(check(keeping(true, reads), base)).resolves.toBeDefined()
  })

  test('of what a stale cache shows as left over is found where it happens', async () => {
    const stale = entriesOfDeletion.find(({ name }) => name === 'stale read, then delete')
    const { buggy, kinds, objects } = stale ?? { buggy: () => [], kinds: [], objects: [] }
    // One of the seeds that find it soon.
    const options: CheckOptions = {
      kinds,
      objects,
      invariants,
      seed: 281,
      executions: 30,
      except: ['converges'],
    }
    expect((await failureIn(buggy, options)).invariant).toBe('justifiedDelete')
  })
})

test.each([...entriesOfCreation, ...entriesOfDeletion])(
  'no alarm for the sound twin of $name',
  async entry => {
    const { correct, kinds, objects } = entry
    await expect(check(correct, { kinds, objects, executions: 60, invariants })).resolves.toBeDefined()
  },
)
