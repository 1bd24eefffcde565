import type { Taint, Toleration } from './taint.js'

/**
 * Kubernetes' matching rule. So `{ operator: 'Exists' }` tolerates everything, and `{}` only taints that have no
 * value.
 */
function toleratesTaint(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false
  if (toleration.key !== undefined && toleration.key !== '' && toleration.key !== taint.key) return false
  const operator = toleration.operator ?? 'Equal'
  if (operator === 'Exists') return true
  return operator === 'Equal' && (toleration.value ?? '') === (taint.value ?? '')
}

/** Whether any of the tolerations tolerates the taint. */
export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  for (const toleration of tolerations) if (toleratesTaint(toleration, taint)) return true
  return false
}

/**
 * How long tasks with these tolerations stay on a node after the taint has come, in seconds: the least that one of those
 * that tolerate it says, +∞ when none of them says how long; undefined when none tolerates it. As Kubernetes'
 * `getMinTolerationTime`.
 */
export function toleratedSeconds(taint: Taint, tolerations: readonly Toleration[]): number | undefined {
  let least: number | undefined
  for (const toleration of tolerations)
    if (toleratesTaint(toleration, taint))
      least = Math.min(
        least ?? Number.POSITIVE_INFINITY,
        toleration.tolerationSeconds ?? Number.POSITIVE_INFINITY,
      )
  return least
}

/** The first taint, in the node's order, that keeps a task off the node: `NoSchedule` or `NoExecute`, untolerated. */
export function findForbiddingTaint(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): Taint | undefined {
  for (const taint of taints) {
    if (taint.effect !== 'PreferNoSchedule' && !isTolerated(taint, tolerations)) return taint
  }
  return undefined
}

/** How many `PreferNoSchedule` taints are not tolerated. */
export function countAvoidedTaints(taints: readonly Taint[], tolerations: readonly Toleration[]): number {
  let count = 0
  for (const taint of taints) {
    if (taint.effect === 'PreferNoSchedule' && !isTolerated(taint, tolerations)) count++
  }
  return count
}

/** `key=value:effect`, the value left out when empty. */
export function formatTaint(taint: Taint): string {
  const value = taint.value === undefined || taint.value === '' ? '' : `=${taint.value}`
  return `${taint.key}${value}:${taint.effect}`
}
