import type { ActionList } from '../actions/action-list.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { Execution } from '../setup/execution.js'
import type { ChoiceSource } from './choice-source.js'

/** A choice of an execution, and what it was called; it has no name when it led to no step. */
interface Wanted {
  readonly index: number
  readonly name: string | undefined
  readonly actor: string | undefined
}

/**
 * Does what an execution has done, without some of its choices. Where something is left out, other things are on
 * offer afterwards, and an index may stand for another action: so actions are found by what they are called.
 *
 * @param when `then`: at the same choice as before. `soon`: in the same order, each as soon as it can be.
 */
export function choicesWithout(
  execution: Execution,
  leftOut: ReadonlySet<number>,
  when: 'then' | 'soon',
): ChoiceSource {
  const { choices, chosenSteps, trace } = execution
  const wanted = choices.map((index, at): Wanted => {
    const step = trace[chosenSteps[at] ?? -1]
    return leftOut.has(at)
      ? { index: 0, name: undefined, actor: undefined }
      : { index, name: step && nameOf(step), actor: step?.actor }
  })
  return when === 'then' ? inPlace(wanted) : inOrder(wanted)
}

function inPlace(wanted: readonly Wanted[]): ChoiceSource {
  let next = 0
  return {
    choose: actions => {
      const choice = wanted[next++]
      return choice === undefined || choice.index === 0 ? 0 : find(actions, choice)
    },
  }
}

function inOrder(wanted: readonly Wanted[]): ChoiceSource {
  const [ending, ...others] = wanted
  const left = others.filter(({ index }) => index !== 0)
  let isFirst = true
  return {
    choose: actions => {
      if (isFirst) {
        isFirst = false
        return ending?.index ?? 0
      }
      const [choice] = left
      const index = choice === undefined ? 0 : find(actions, { ...choice, index: 0 })
      if (index > 0) left.shift()
      return index
    },
  }
}

/** Of several processes that could do the same, the one that did it is meant, if it is still there. */
function find(list: ActionList, { name, actor, index }: Wanted): number {
  const actions = list.all()
  const same = actions.findIndex(action => action.actor === actor && nameOf(action) === name)
  const found = same === -1 ? actions.findIndex(action => nameOf(action) === name) : same
  if (found !== -1) return found
  return index < actions.length ? index : 0
}

/** Objects and processes that come again have other numbers. */
function nameOf({ kind, actor, label }: Pick<TraceStep, 'kind' | 'actor' | 'label'>): string {
  return `${kind} ${actor} ${label}`.replaceAll(/app-\d+|uid-\d+/g, '')
}
