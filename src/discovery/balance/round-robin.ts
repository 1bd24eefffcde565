import { compareText } from '../../core/internal.js'
import type { Balancer, Candidate } from './balancer.js'
import { weighted } from './balancer.js'
import type { Turns } from './turns.js'
import { createTurns } from './turns.js'

const NONE: ReadonlySet<string> = /* @__PURE__ */ new Set<string>()

/**
 * By turns, smoothly: candidates with weights 5, 1 and 1 are picked a a b a c a a. Groups take turns by the sum of
 * their weights, and the candidates of a group within it, so that a share of 90 to 10 is kept while the endpoints
 * behind it are replaced. A pick costs O(groups) plus, in a group of unequal weights, O(candidates).
 */
export function createRoundRobin(): Balancer {
  const groupTurns = createTurns()
  let groups = new Map<string, { readonly turns: Turns; readonly members: readonly Candidate[] }>()
  return {
    update: candidates => {
      const members = new Map<string, Candidate[]>()
      for (const candidate of weighted(candidates)) {
        const { group = '' } = candidate
        const list = members.get(group)
        if (list === undefined) members.set(group, [candidate])
        else list.push(candidate)
      }
      const before = groups
      groups = new Map()
      for (const [group, list] of members) {
        const turns = before.get(group)?.turns ?? createTurns()
        turns.update(list)
        groups.set(group, { turns, members: list })
      }
      groupTurns.update(
        [...members]
          .map(([id, list]) => ({ id, weight: list.reduce((sum, { weight }) => sum + weight, 0) }))
          .sort((a, b) => compareText(a.id, b.id)),
      )
    },
    pick: ({ excluded = NONE } = {}) => {
      const allowed = (id: string): boolean => !excluded.has(id)
      const group = groupTurns.next(
        id => excluded.size === 0 || (groups.get(id)?.members ?? []).some(member => allowed(member.id)),
      )
      return group === undefined ? undefined : groups.get(group)?.turns.next(allowed)
    },
  }
}
