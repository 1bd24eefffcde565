import { expect } from 'vitest'
import { child, createController } from '../../../../src/reconcile/index.js'
import type { MakeParts, SimulateOptions } from '../../../../src/testing/index.js'
import { execute } from '../../../../src/testing/simulation/run/execute.js'
import type { ExhaustiveBounds } from '../../../../src/testing/simulation/search/exhaustive-search.js'
import { ExhaustiveSearch } from '../../../../src/testing/simulation/search/exhaustive-search.js'
import { setupOf } from '../../../../src/testing/simulation/setup/simulate-options.js'
import { App, apps, Pod, podOf, podsOf } from '../../fixtures/apps.js'

/** Makes and removes pods one by one. */
export const live: MakeParts = apps(async (key, owner, { client }) => {
  if (owner === undefined) return
  const wanted = Array.from({ length: owner.spec.replicas ?? 0 }, (_, at) => `${key.name}-${at}`)
  const found = podsOf(owner, client.list(Pod).items).map(({ metadata }) => metadata.name)
  for (const name of wanted) if (!found.includes(name)) await client.create(Pod, podOf(owner, name))
  for (const name of found) if (!wanted.includes(name)) await client.delete(Pod, { name })
})

export const applying: MakeParts = () =>
  createController({
    name: 'apps',
    for: App,
    owns: [Pod],
    reads: 'cache',
    reconcile: async ({ name }, owner, { children }) => {
      if (owner === undefined) return
      const wanted = Array.from({ length: owner.spec.replicas ?? 0 }, (_, at) => `${name}-${at}`)
      await children.apply(wanted.map(pod => child(Pod, { metadata: { name: pod }, spec: { app: name } })))
    },
  })

/** One pod, under a random name. */
export const randomlyNamed: MakeParts = apps(async (_key, owner, { client }) => {
  if (owner !== undefined && podsOf(owner, client.list(Pod).items).length === 0)
    await client.create(Pod, podOf(owner))
})

/** Where executions come to rest, all of them or those that come by new states only. */
export interface Scope extends SimulateOptions {
  readonly deviationsMax?: number
}

/** Where they came to rest, and by how many executions and states. */
interface Rests {
  readonly found: readonly string[]
  readonly executions: number
  readonly states: number | undefined
}

export async function rests(
  make: MakeParts,
  scope: Scope,
  states: ExhaustiveBounds['states'],
  independent: ExhaustiveBounds['independent'] = 'in one order',
): Promise<Rests> {
  const { deviationsMax = Number.POSITIVE_INFINITY, ...options } = scope
  const setup = setupOf(make, { ...options, mode: 'exhaustive' }, 1)
  const search = new ExhaustiveSearch({
    seed: 1,
    executionsMax: 20_000,
    deviationsMax,
    states,
    independent,
    plannedOnly: new Set(['remove', 'outage']),
  })
  const found = new Set<string>()
  let executions = 0
  for (let planned = search.next(); planned !== undefined; planned = search.next()) {
    const execution = await execute({ ...setup, seed: planned.seed }, planned.source, () => 'known')
    search.learn(execution)
    executions++
    expect(execution.violation).toBeUndefined()
    if (!execution.isStopped) found.add(`${execution.ending}: ${execution.state.join('; ')}`)
  }
  expect(search.coverage.isComplete).toBe(true)
  return { found: [...found].sort(), executions, states: search.coverage.states }
}

/** Independent writes in one order come by the states, and to the rests, that they come by in every order. */
export async function sameInOneOrder(make: MakeParts, scope: Scope): Promise<void> {
  const every = await rests(make, scope, 'told apart', 'in every order')
  const one = await rests(make, scope, 'told apart', 'in one order')
  expect([one.found, one.states]).toEqual([every.found, every.states])
  expect(one.executions).toBeLessThan(every.executions)
}

/** What is merged comes to rest where every execution does, one by one, in far fewer of them. */
export async function sameOneByOne(scope: Scope): Promise<void> {
  const quiet = { ...scope, faults: { crash: 0, edit: 0 } }
  const plain = await rests(live, quiet, 'not told apart', 'in every order')
  const one = await rests(live, quiet, 'told apart', 'in one order')
  expect(one.found).toEqual(plain.found)
  expect(one.executions).toBeLessThan(plain.executions / 3)
}
