import type { KubernetesVictims } from '../presets/kubernetes-preemption.js'
import { compareKubernetesVictims, kubernetesVictims } from '../presets/kubernetes-preemption.js'
import { nomadNetPriority, nomadVictims } from '../presets/nomad-preemption.js'
import { costAt } from './least-victims.js'
import type { PreemptionStrategy, Victims } from './preempt.js'
import type { VictimCandidate } from './victim-candidate.js'

/**
 * As kube-scheduler: all of lower priority make way, and as many as possible come back, the most important first;
 * victims stand on one node. Budgets should be `soft`, as they are there.
 */
export const kubernetesPreemption: PreemptionStrategy = {
  acrossNodes: false,
  mayEvict: () => true,
  choose(_preemptor, candidates, fitsWithout) {
    const byKey = new Map(candidates.map(one => [one.task.key, one]))
    const taken = (keys: Iterable<string>): readonly VictimCandidate[] =>
      [...keys].flatMap(key => byKey.get(key) ?? [])
    const found = kubernetesVictims(candidates.map(victimOf), gone => fitsWithout(taken(gone)))
    return found === undefined ? undefined : taken(found.victims.map(({ id }) => id))
  },
  compare: (a, b) => compareKubernetesVictims(victimsOf(a), victimsOf(b)),
  mayBeat: (best, { highestPriority }) =>
    victimsOf(best).violations > 0 || highestPriority <= costAt(1, best.victims),
}

/** As Nomad: only priorities lower by at least 10, and the victims of the lowest net priority. */
export const nomadPreemption: PreemptionStrategy = {
  acrossNodes: false,
  mayEvict: ({ priority = 0 }, victim) => priority - (victim.priority ?? 0) >= 10,
  choose({ priority = 0, requests = {} }, candidates, fitsWithout) {
    const allocations = candidates.map(one => ({
      id: one.task.key,
      priority: one.task.priority ?? 0,
      amounts: one.task.requests ?? {},
      one,
    }))
    const found = nomadVictims({ priority, ask: requests, allocations }, gone =>
      fitsWithout(gone.map(({ one }) => one)),
    )
    return found?.map(({ one }) => one)
  },
  compare: (a, b) => netPriorityOf(a) - netPriorityOf(b),
}

function victimOf({ task, violates }: VictimCandidate): KubernetesVictims['victims'][number] {
  const { key, priority = 0, startedAtMs = Number.MAX_SAFE_INTEGER } = task
  return { id: key, priority, startedAt: startedAtMs, violates }
}

function victimsOf({ victims }: Victims): KubernetesVictims {
  return { victims: victims.map(victimOf), violations: victims.filter(({ violates }) => violates).length }
}

function netPriorityOf({ victims }: Victims): number {
  return nomadNetPriority(victims.map(({ task }) => task.priority ?? 0))
}
