import type { TaskAffinity } from '../../core/internal.js'
import type { DomainFilterPlugin, DomainView, FilterReason } from '../plugins/plugin.js'
import { perRequest } from '../requests/per-request.js'
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
  const rulesOf = perRequest(rulesFor)
  return {
    name: 'task-affinity',
    locality: 'domain',
    terms: (request, keepingAway) => [
      ...required(request).map(term => affinityTerm(term, request)),
      ...keepingAway(),
    ],
    passes(request, node, domains) {
      const rules = rulesOf(request)
      const { own } = rules
      const isFirst = isFirstOfItsKind(rules, domains)
      for (let at = 0; at < own.length; at++) {
        const count = domains.count(at, node)
        if ((own[at] as TaskAffinity).kind === 'antiAffinity') {
          if (count > 0) return false
        } else if (count === 0 && !(isFirst && domains.value(at, node) !== undefined)) return false
      }
      for (let at = own.length; at < domains.termCount; at++) if (domains.count(at, node) > 0) return false
      return true
    },
    filter(request, node, domains) {
      const reasons: FilterReason[] = []
      const rules = rulesOf(request)
      const { own } = rules
      const isFirst = isFirstOfItsKind(rules, domains)
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

interface Rules {
  /** The terms that must hold, those of affinity first. */
  readonly own: readonly TaskAffinity[]
  /** How many of them are of affinity. */
  readonly near: number
  /** Whether each of these selects the task itself. */
  readonly selectsItself: boolean
}

function rulesFor(request: PreparedRequest): Rules {
  const own = required(request)
  const near = own.filter(({ kind }) => kind === 'affinity')
  return { own, near: near.length, selectsItself: near.every(term => selectsItself(term, request)) }
}

/** Whether it wants to be near tasks like itself, and there is none. */
function isFirstOfItsKind({ near, selectsItself: itself }: Rules, domains: DomainView): boolean {
  if (near === 0 || !itself) return false
  for (let at = 0; at < near; at++) if (domains.counts(at).total > 0) return false
  return true
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
