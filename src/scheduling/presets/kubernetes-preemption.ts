/** A task that may have to make way, as kube-scheduler sees it. */
export interface KubernetesVictim {
  readonly id: string
  readonly priority: number
  /** Any clock; the earlier started is the more important. */
  readonly startedAt: number
  /** Whether it may go only against a disruption budget. */
  readonly violates: boolean
}

/** What would have to go. */
export interface KubernetesVictims {
  /** Most important first. */
  readonly victims: readonly KubernetesVictim[]
  readonly violations: number
}

/**
 * kube-scheduler's victims on one node: all of lower priority go, and as many as possible are let back in, those
 * against a budget first, the most important first. Undefined when not even all of them are enough.
 *
 * @param fitsWithout whether the preemptor fits when exactly these are gone
 */
export function kubernetesVictims(
  lower: readonly KubernetesVictim[],
  fitsWithout: (gone: ReadonlySet<string>) => boolean,
): KubernetesVictims | undefined {
  const gone = new Set(lower.map(({ id }) => id))
  if (lower.length === 0 || !fitsWithout(gone)) return undefined
  const ordered = [...lower].sort(byImportance)
  for (const violates of [true, false]) {
    for (const one of ordered) {
      if (one.violates !== violates) continue
      gone.delete(one.id)
      if (!fitsWithout(gone)) gone.add(one.id)
    }
  }
  const victims = ordered.filter(({ id }) => gone.has(id))
  return { victims, violations: victims.filter(({ violates }) => violates).length }
}

/**
 * The better of two nodes to preempt on, below 0 when it is the first: fewest violations of budgets, lowest highest
 * priority, lowest sum of `priority + 2^31`, fewest victims, latest start of the earliest started victim of the highest
 * priority.
 */
export function compareKubernetesVictims(a: KubernetesVictims, b: KubernetesVictims): number {
  const highest = ({ victims }: KubernetesVictims): number =>
    Math.max(...victims.map(({ priority }) => priority))
  const sum = ({ victims }: KubernetesVictims): number =>
    victims.reduce((total, { priority }) => total + priority + 2 ** 31, 0)
  const started = (of: KubernetesVictims): number =>
    Math.min(...of.victims.filter(({ priority }) => priority === highest(of)).map(one => one.startedAt))
  return (
    a.violations - b.violations ||
    highest(a) - highest(b) ||
    sum(a) - sum(b) ||
    a.victims.length - b.victims.length ||
    started(b) - started(a)
  )
}

function byImportance(a: KubernetesVictim, b: KubernetesVictim): number {
  return b.priority - a.priority || a.startedAt - b.startedAt
}
