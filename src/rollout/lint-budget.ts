import { parseIntOrPercent } from '../core/internal.js'
import type { BudgetSpec } from './budget.js'
import { checkBudget, resolveBudget } from './budget.js'

/** Something about a budget that its author may not expect at this count. */
export interface BudgetFinding {
  /**
   * `outage`: every instance may be unavailable at once. `gave-way`: both sides came out as 0, so one became 1.
   * `rounded`: the effective surge is further from the percentage than half of it again.
   */
  readonly code: 'outage' | 'gave-way' | 'rounded'
  readonly field: 'maxSurge' | 'maxUnavailable'
  /** What is allowed in effect, in instances. */
  readonly effective: number
  readonly desired: number
}

/**
 * Says what a budget means at `desired` instances, where that differs from how it reads.
 *
 * @throws InvalidError as `resolveBudget` does
 */
export function lintBudget(spec: BudgetSpec, desired: number): readonly BudgetFinding[] {
  const { maxSurge } = checkBudget(spec)
  const { surge, unavailable, floor, gaveWay } = resolveBudget(spec, desired)
  const findings: BudgetFinding[] = []
  if (desired > 0 && floor === 0) {
    findings.push({ code: 'outage', field: 'maxUnavailable', effective: unavailable, desired })
  }
  if (gaveWay) {
    const field = surge === 1 ? 'maxSurge' : 'maxUnavailable'
    findings.push({ code: 'gave-way', field, effective: 1, desired })
  }
  const asked = parseIntOrPercent(maxSurge, 'maxSurge')
  if (asked.kind === 'share' && !gaveWay && surge * 2_000_000 > asked.millionths * desired * 3) {
    findings.push({ code: 'rounded', field: 'maxSurge', effective: surge, desired })
  }
  return findings
}
