import { describe, expect, test } from 'vitest'
import type { MakeParts } from '../../../../src/testing/index.js'
import { FAULT_KINDS } from '../../../../src/testing/simulation/actions/faults/faults.js'
import { SEARCH_MODES } from '../../../../src/testing/simulation/setup/search-mode.js'
import { App, apps, failureIn, oneApp, Pod, podOf, podsOf } from '../../fixtures/apps.js'

/** Makes its pod when there is no status yet, and never after that. */
const neverHealing = apps(async (key, owner, { client }) => {
  if (owner === undefined || owner.status !== undefined) return
  const pod = podOf(owner, `${key.name}-0`)
  if (client.get(Pod, pod.metadata as { name: string }) === undefined) await client.create(Pod, pod)
  await client.modifyStatus(App, key, draft => void (draft.status = { made: true }))
})

/** Makes as many pods as are wanted, and never fewer. */
const onlyGrowing = apps(async (_key, owner, { client }) => {
  if (owner === undefined) return
  const have = podsOf(owner, client.list(Pod).items).length
  for (let index = have; index < (owner.spec.replicas ?? 1); index++)
    await client.create(Pod, podOf(owner, `${owner.metadata.name}-${index}`))
})

/** Knows in its memory alone that it has made its pod. */
const forgetful: MakeParts = context => {
  const made = new Set<string>()
  return apps(async (_key, owner, { client }) => {
    if (owner === undefined || made.has(owner.metadata.uid)) return
    made.add(owner.metadata.uid)
    await client.create(Pod, podOf(owner))
  })(context)
}

/** Executions that show where every other one must come to rest. */
const UNDISTURBED = 3

describe.each(SEARCH_MODES)('a world at rest in mode %s', mode => {
  const bounds = { ...oneApp, mode, executions: 12, executionsMax: 12 }
  const only = (fault: string): object => ({
    faults: Object.fromEntries(FAULT_KINDS.map(kind => [kind, kind === fault ? 1 : 0])),
  })

  test.each([
    ['remove', 'an owned child is deleted', neverHealing, /delete Pod \S*web-0/],
    ['edit', 'a spec is edited and changed back', onlyGrowing, /replicas = 2/],
    ['crash', 'a process is restarted', forgetful, /crash/],
  ])('%s: %s', async (fault, _what, make, told) => {
    const failure = await failureIn(make, { ...bounds, ...only(fault) })
    expect(failure.message).toMatch(told)
    // Undisturbed ones come first, then what is planned, before the mode has its turn.
    const [, found, planned] =
      /found in execution (\d+) of: (\d+) planned at rest; /.exec(failure.message) ?? []
    expect(Number(found)).toBeLessThanOrEqual(UNDISTURBED + Number(planned))
  })
})
