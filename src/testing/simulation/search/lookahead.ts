import type { Action } from '../actions/action.js'
import type { CurrentState } from '../choices/choice-source.js'
import type { StateGraph } from './state-graph.js'

/** Where a crash leads to: into a state that is known already, or into what is left after another action. */
export type Lookahead =
  | { readonly kind: 'state'; readonly key: string }
  | { readonly kind: 'crash after'; readonly label: string; readonly process: string }

/** An action by its name among those that can happen. */
export type NameOf = (choice: number) => string

/**
 * What comes of crashes, without having them happen: of a process that is gone nothing is left but what it has written.
 * By choice. Notes in the graph where a crash leads from this state.
 */
export function lookAhead(
  actions: readonly Action[],
  where: CurrentState,
  nameOf: NameOf,
  note: (process: string, key: string) => void,
): ReadonlyMap<number, Lookahead> {
  const found = new Map<number, Lookahead>()
  for (const [choice, action] of actions.entries()) {
    if (action.kind !== 'crash') continue
    const process = where.labelOf({ ...action, label: '' })
    if (action.about === undefined) {
      const key = where.keyWithout(action.actor)
      if (where.isPlain()) note(process, key)
      found.set(choice, { kind: 'state', key })
      continue
    }
    const commit = actions.findIndex(({ kind, about }) => kind === 'commit' && about === action.about)
    if (commit !== -1) found.set(choice, { kind: 'crash after', label: nameOf(commit), process })
  }
  return found
}

/** The state that follows, if it is known by now. */
export function stateAhead(graph: StateGraph, from: string, lookahead: Lookahead): string | undefined {
  if (lookahead.kind === 'state') return lookahead.key
  const next = graph.next(from, lookahead.label)
  return next === undefined ? undefined : graph.crashed(next, lookahead.process)
}
