import { expect, test } from 'vitest'
import type { Action, ActionKind } from '../../../../src/testing/simulation/actions/action.js'
import { ActionList } from '../../../../src/testing/simulation/actions/action-list.js'
import type { TraceStep } from '../../../../src/testing/simulation/actions/trace-step.js'
import { SieveSearch } from '../../../../src/testing/simulation/search/sieve-search.js'
import type { Execution } from '../../../../src/testing/simulation/setup/execution.js'

const action = (kind: ActionKind, actor: string, label: string): Action => ({
  kind,
  actor,
  label,
  run: () => {},
})

/** The undisturbed way: who acts, and whether that wrote. */
const WAY = [
  { kind: 'user', actor: 'user', label: 'edit App web', writes: true },
  { kind: 'deliver', actor: 'app-1', label: 'deliver', writes: false },
  { kind: 'commit', actor: 'app-1', label: 'create Pod web', writes: true },
  { kind: 'deliver', actor: 'app-1', label: 'deliver to the end', writes: false },
] as const

/** What a search plans where so many references went this way, on which a crash was possible at each place. */
function planned(references: number): readonly (readonly number[])[] {
  const search = new SieveSearch({ seed: 1, executionsMax: 100 })
  const places = WAY.map(
    step => new ActionList([action(step.kind, step.actor, step.label), action('crash', 'host', 'crash')]),
  )
  const trace: readonly TraceStep[] = WAY.map(({ kind, actor, label, writes }, index) => ({
    ...{ kind, actor, label, timeMs: 0, isFault: false },
    ...(writes ? { revision: index + 1 } : {}),
  }))
  const ending = new ActionList([action('rest', 'user', 'kept'), action('rest', 'user', 'deleted')])
  const choices = [0, ...WAY.map(() => 0)]
  const chosenSteps = [-1, ...WAY.keys()]
  const empty = { choices: [0], chosenSteps: [-1], trace: [] }
  const seen = { choices, chosenSteps, trace }
  for (const way of [0, 1, 2].map(reference => (reference < references ? seen : empty))) {
    const { source } = search.next() ?? {}
    source?.choose(ending)
    if (way !== empty) for (const place of places) source?.choose(place)
    search.learn(way as unknown as Execution)
  }
  return search.ahead(100).map(job => job.choices ?? [])
}

test('a fault is planned right before and right after a write of the user, and before one of the code', () => {
  // The first choice is the ending; then one for each step of the way, where 1 is the crash.
  expect(planned(1)).toEqual([
    [0, 1],
    [0, 0, 1],
    [0, 0, 0, 1],
  ])
})

test('what references have in common, as up to the first change of the user, is disturbed once', () => {
  expect(planned(2)).toEqual(planned(1))
})
