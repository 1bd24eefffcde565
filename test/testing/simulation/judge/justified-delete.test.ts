import { describe, expect, test } from 'vitest'
import { createController } from '../../../../src/reconcile/index.js'
import type { CheckOptions, MakeParts } from '../../../../src/testing/index.js'
import { check, justifiedDelete } from '../../../../src/testing/index.js'
import { App, failureIn, oneApp, Pod, podOf, podsOf } from '../../fixtures/apps.js'
import { entriesOfCreation } from '../../gallery/entries-of-creation.js'
import { entriesOfDeletion } from '../../gallery/entries-of-deletion.js'

const invariants = [justifiedDelete()]
const base: CheckOptions = { ...oneApp, executions: 100, invariants }

/** Keeps one pod while `replicas` is not 0. */
function keeping(isGuarded: boolean, reads: 'client' | 'cache'): MakeParts {
  return () =>
    createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reads,
      reconcile: async ({ name }, owner, { client, env }) => {
        if (owner === undefined) return
        const [pod] = podsOf(owner, client.list(Pod).items)
        const isWanted = owner.spec.replicas !== 0
        if (isWanted && pod === undefined)
          await client.create(Pod, podOf(owner, `${name}-${owner.metadata.uid}`))
        if (isWanted || pod === undefined) return
        // Draining takes a while, in which the user may change their mind.
        await env.clock.sleep(1_000)
        const { uid } = pod.metadata
        await client.delete(Pod, pod.metadata, isGuarded ? { preconditions: { uid } } : {})
      },
    })
}

describe('a deletion', () => {
  test.each(['client', 'cache'] as const)(
    'by what was read before the owner changed is found, over a %s',
    async reads => {
      const failure = await failureIn(keeping(false, reads), {
        ...base,
        // It takes an edit while a pod drains, and few seeds have one.
        executions: 600,
        edits: () => [{ label: 'no replicas', spec: { replicas: 0 } }],
        faults: { edit: { times: 2, rate: 2 } },
      })
      expect(failure.message).toMatch(
        /^justifiedDelete does not hold: app-\d deletes Pod\/web-\S+, and may not have seen what was done to App\/web at revision \d/,
      )
    },
  )

  test.each(['client', 'cache'] as const)('with a precondition is justified, over a %s', async reads => {
    await expect(check(keeping(true, reads), base)).resolves.toBeDefined()
  })

  test('of what a stale cache shows as left over is found where it happens', async () => {
    const stale = entriesOfDeletion.find(({ name }) => name === 'stale read, then delete')
    const { buggy, kinds, objects } = stale ?? { buggy: () => [], kinds: [], objects: [] }
    const options: CheckOptions = { kinds, objects, invariants, executions: 300, except: ['converges'] }
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
