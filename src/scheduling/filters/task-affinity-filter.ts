import type { TaskAffinity } from '../../core/internal.js'
import type { DomainFilterPlugin, FilterReason } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'
import { affinityTerm } from '../requests/task-affinity.js'
import type { TaskIdentity, TaskSet } from '../requests/task-set.js'
import { compileTaskSet } from '../requests/task-set.js'

/**
 * Keeps tasks in the domains of the tasks that they must be near, and out of those that they must be apart from, also
 * when it is the others who want to be apart. The first task of a group that wants to be near itself goes anywhere
 * where the attribute exists. Terms with a weight are for the score.
 */
export function taskAffinity(): DomainFilterPlugin {
  return {
    name: 'task-affinity',
    locality: 'domain',
    terms: (request, keepingAway) => [
      ...required(request).map(term => affinityTerm(term, request)),
      ...keepingAway(),
    ],
    filter(request, node, domains) {
      const reasons: FilterReason[] = []
      const own = required(request)
      const near = own.filter(({ kind }) => kind === 'affinity')
      const isFirst =
        near.length > 0 &&
        own.every(({ kind }, at) => kind === 'antiAffinity' || domains.counts(at).total === 0) &&
        near.every(term => selectsItself(term, request))
      for (const [at, term] of own.entries()) {
        const count = domains.count(at, node)
        const params = { attribute: term.attribute, count }
        if (term.kind === 'antiAffinity') {
          if (count > 0)
            reasons.push({
              code: 'AntiAffinity',
              message: 'node(s) did not satisfy anti-affinity',
              unresolvable: false,
              params,
            })
        } else if (domains.value(at, node) === undefined || (count === 0 && !isFirst))
          reasons.push({
            code: 'Affinity',
            message: 'node(s) did not satisfy affinity',
            unresolvable: true,
            params,
          })
      }
      let keeping = 0
      for (let at = own.length; at < domains.termCount; at++) keeping += domains.count(at, node)
      if (keeping > 0) {
        const message = "node(s) did not satisfy existing tasks' anti-affinity"
        reasons.push({
          code: 'ExistingAntiAffinity',
          message,
          unresolvable: false,
          params: { count: keeping },
        })
      }
      return reasons.length === 0 ? undefined : reasons
    },
  }
}

/** The terms that must hold, those of affinity first. */
function required({ affinity }: PreparedRequest): readonly TaskAffinity[] {
  if (affinity.length === 0) return affinity
  const hard = affinity.filter(({ weight }) => weight === undefined)
  return [
    ...hard.filter(({ kind }) => kind === 'affinity'),
    ...hard.filter(({ kind }) => kind === 'antiAffinity'),
  ]
}

function selectsItself(term: TaskAffinity, request: PreparedRequest): boolean {
  const set: TaskSet = affinityTerm(term, request).tasks
  const identity: TaskIdentity = request
  return compileTaskSet(set)(identity)
}
