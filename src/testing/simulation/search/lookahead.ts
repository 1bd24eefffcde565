import type { Action, ActionKind } from '../actions/action.js'
import type { CurrentState } from '../choices/choice-source.js'
import type { StateGraph } from './state-graph.js'

/**
 * Where an action leads to: a crash into a state that is known already, or into what is left after another action; a
 * write into where the same two writes lead in the other order.
 */
export type Lookahead =
  | { readonly kind: 'state'; readonly key: string }
  | { readonly kind: 'crash after'; readonly label: string; readonly process: string }
  | { readonly kind: 'swap'; readonly from: string; readonly label: string; readonly then: string }

/** A state that was just reached. */
export interface Reached {
  readonly actions: readonly Action[]
  /** What those are called. */
  readonly labels: readonly string[]
  readonly where: CurrentState
  /** The state before, and what was done there. */
  readonly from: Step | undefined
}

/** An action that was taken in a state. */
export interface Step {
  readonly key: string
  readonly label: string
  readonly kind: ActionKind
}

/**
 * What comes of actions, without having them happen. Of a process that is gone nothing is left but what it has written;
 * and what the garbage collector deletes, one object each time, comes to the same in any order. By choice. Notes in the
 * graph where a crash leads from this state.
 */
export function lookAhead(
  { actions, labels, where, from }: Reached,
  note: (process: string, key: string) => void,
): ReadonlyMap<number, Lookahead> {
  const found = new Map<number, Lookahead>()
  for (const [choice, action] of actions.entries()) {
    if (action.kind === 'collect' && from?.kind === 'collect')
      found.set(choice, { kind: 'swap', from: from.key, label: labels[choice] as string, then: from.label })
    if (action.kind !== 'crash') continue
    const process = where.labelOf({ ...action, label: '' })
    if (action.about === undefined) {
      const key = where.keyWithout(action.actor)
      if (where.isPlain()) note(process, key)
      found.set(choice, { kind: 'state', key })
      continue
    }
    const commit = actions.findIndex(({ kind, about }) => kind === 'commit' && about === action.about)
    if (commit !== -1) found.set(choice, { kind: 'crash after', label: labels[commit] as string, process })
  }
  return found
}

/** The state that follows, if it is known by now. */
export function stateAhead(graph: StateGraph, from: string, lookahead: Lookahead): string | undefined {
  switch (lookahead.kind) {
    case 'state':
      return lookahead.key
    case 'crash after': {
      const next = graph.next(from, lookahead.label)
      return next === undefined ? undefined : graph.crashed(next, lookahead.process)
    }
    case 'swap': {
      const next = graph.next(lookahead.from, lookahead.label)
      return next === undefined ? undefined : graph.next(next, lookahead.then)
    }
  }
}
