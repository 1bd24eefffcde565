import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Action } from '../../../../src/testing/simulation/actions/action.js'
import { ActionList } from '../../../../src/testing/simulation/actions/action-list.js'
import type { ChoiceSource } from '../../../../src/testing/simulation/choices/choice-source.js'
import { replayChoices } from '../../../../src/testing/simulation/choices/replay-choices.js'
import { shrink } from '../../../../src/testing/simulation/search/shrink.js'
import type { Execution } from '../../../../src/testing/simulation/setup/execution.js'

const LENGTH = 8
const Replay = replayChoices([]).constructor
const WAYS = 4
/** What can be done at each place; the last is a fault. */
const ACTIONS = Array.from(
  { length: WAYS },
  (_, way): Action => ({
    kind: way === WAYS - 1 ? 'crash' : 'reconcile',
    actor: 'app-1',
    label: `way ${way}`,
    run: () => {},
  }),
)

/** An execution of as many choices, which is wrong if these are all made. */
function executed(source: ChoiceSource, wrong: ReadonlyMap<number, number>): Execution {
  const actions = new ActionList(ACTIONS)
  const choices = Array.from({ length: LENGTH }, () => Number(source.choose(actions)))
  const isWrong = [...wrong].every(([at, way]) => choices[at] === way)
  return {
    ending: 'kept',
    state: [],
    compared: [],
    madeNames: new Set(),
    outsideKeys: [],
    seed: 1,
    choices,
    chosenSteps: choices.map((_, at) => at),
    trace: choices.map((way, at) => {
      const { kind, actor, label } = ACTIONS[way] as Action
      return { kind, actor, label, timeMs: at, isFault: way === WAYS - 1 }
    }),
    stepsToRest: LENGTH,
    violation: isWrong ? { invariant: 'wrong', message: 'it is wrong' } : undefined,
    isStopped: false,
    controllers: [],
    unstarted: undefined,
  }
}

const way = fc.integer({ min: 0, max: WAYS - 1 })
const wrongs = fc
  .uniqueArray(fc.tuple(fc.nat(LENGTH - 1), way), { selector: ([at]) => at, maxLength: 3 })
  .map(entries => new Map(entries))

test('what is left is needed, and no execution is run twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(way, { minLength: LENGTH, maxLength: LENGTH }),
      wrongs,
      async (first, wrong) => {
        const failing = executed(replayChoices(first.map((one, at) => wrong.get(at) ?? one)), wrong)
        const limits = { runsMax: Number.POSITIVE_INFINITY, isOver: () => false }
        const replayed: string[] = []
        const rerun = async (source: ChoiceSource): Promise<Execution> => {
          const execution = executed(source, wrong)
          // Actions that are found by what they are called may come to what has been; that is known afterwards.
          if (source instanceof Replay) replayed.push(execution.choices.join())
          return execution
        }
        const { execution } = await shrink(failing, rerun, limits)
        expect(execution.choices).toEqual(Array.from({ length: LENGTH }, (_, at) => wrong.get(at) ?? 0))
        expect(replayed).toEqual([...new Set(replayed)])
      },
    ),
    { numRuns: 50 },
  )
})
