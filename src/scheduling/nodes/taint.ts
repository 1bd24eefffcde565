/** What a taint does to tasks that do not tolerate it. */
export type TaintEffect = 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'

/** A property of a node that keeps tasks away. */
export interface NodeTaint {
  readonly key: string
  /** Default: the empty text. */
  readonly value?: string
  readonly effect: TaintEffect
}

/** A taint that a task puts up with. */
export interface TaintToleration {
  /** Absent or empty: every key. */
  readonly key?: string
  /** `Equal` compares the values, `Exists` does not. Default `Equal`; anything else tolerates nothing. */
  readonly operator?: 'Equal' | 'Exists'
  /** Default: the empty text. */
  readonly value?: string
  /** Absent: every effect. */
  readonly effect?: TaintEffect
}

/**
 * Kubernetes' matching rule. So `{ operator: 'Exists' }` tolerates everything, and `{}` only taints that have no
 * value.
 */
function toleratesTaint(toleration: TaintToleration, taint: NodeTaint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false
  const operator = toleration.operator ?? 'Equal'
  if (operator === 'Exists') return true
  return operator === 'Equal' && (toleration.value ?? '') === (taint.value ?? '')
}

/** Whether any of the tolerations tolerates the taint. */
export function isTolerated(taint: NodeTaint, tolerations: readonly TaintToleration[]): boolean {
  for (const toleration of tolerations) if (toleratesTaint(toleration, taint)) return true
  return false
}

/** The first taint, in the node's order, that keeps a task off the node: `NoSchedule` or `NoExecute`, untolerated. */
export function findForbiddingTaint(
  taints: readonly NodeTaint[],
  tolerations: readonly TaintToleration[],
): NodeTaint | undefined {
  for (const taint of taints) {
    if (taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations)) return taint
  }
  return undefined
}

/** How many `PreferNoSchedule` taints are not tolerated. */
export function countAvoidedTaints(
  taints: readonly NodeTaint[],
  tolerations: readonly TaintToleration[],
): number {
  let count = 0
  for (const taint of taints) {
    if (taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)) count++
  }
  return count
}

/** `key=value:effect`, the value left out when empty. */
export function formatTaint(taint: NodeTaint): string {
  const value = taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`
  return `${taint.key}${value}:${taint.effect}`
}
