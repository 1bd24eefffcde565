import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { Quantities } from '../resources/quantities.js'
import { limitsContain, thousandthsOf } from '../resources/quantities.js'
import { ANY_ROLE, ancestorsOf, isStrictSubrole, roleNameProblem } from '../resources/role-name.js'
import type { Quota } from './allocator-event.js'

/** Quotas by role as they would be. */
export type Quotas = ReadonlyMap<string, Quota>

/**
 * Refuses a quota that contradicts itself or those around it, whatever the cluster has: amounts that are no amounts,
 * a guarantee above a limit of its role or of one above it, children who are guaranteed more than their parent.
 *
 * @param quotas as they would be, with the new one
 * @throws InvalidError naming role and resource
 */
export function assertQuota(role: string, quotas: Quotas): void {
  const related = [
    role,
    ...ancestorsOf(role),
    ...[...quotas.keys()].filter(path => isStrictSubrole(path, role)),
  ]
  const problems = related.flatMap(path => {
    const quota = quotas.get(path)
    return quota === undefined ? [] : problemsOf(path, quota, quotas)
  })
  if (problems.length > 0) throw new InvalidError('quota', problems)
}

/** Guarantees that the cluster cannot meet, by resource; of nested ones only the outermost count. */
export function unmetGuarantees(quotas: Quotas, total: Quantities): Quantities {
  const sums = new Map<string, number>()
  for (const [role, { guarantees = {} }] of quotas)
    for (const [name, amount] of thousandthsOf(guarantees))
      if (!hasGuaranteeAbove(role, name, quotas)) sums.set(name, (sums.get(name) ?? 0) + amount)
  const unmet: Record<string, number> = {}
  const have = thousandthsOf(total)
  for (const [name, amount] of sums) if (amount > (have.get(name) ?? 0)) unmet[name] = amount / 1000
  return unmet
}

function problemsOf(role: string, quota: Quota, quotas: Quotas): readonly FieldProblem[] {
  const { guarantees = {}, limits = {}, lendingLimits = {} } = quota
  const name = role === ANY_ROLE ? undefined : roleNameProblem(role)
  if (name !== undefined) return [{ field: 'role', value: role, message: `is no name of a role: ${name}` }]
  for (const amounts of [guarantees, limits, lendingLimits]) thousandthsOf(amounts, { keepZeros: true })
  const problems: FieldProblem[] = []
  for (const [path, { limits: bounds }] of [[role, quota] as const, ...above(role, quotas)])
    if (bounds !== undefined && !limitsContain(bounds, guarantees))
      problems.push({
        field: `${role}.guarantees`,
        value: guarantees,
        message: `must be within the limits of ${path}`,
      })
  const children = guaranteesBelow(role, quotas)
  for (const [resource, amount] of thousandthsOf(guarantees, { keepZeros: true }))
    if ((children.get(resource) ?? 0) > amount)
      problems.push({
        field: `${role}.guarantees.${resource}`,
        value: amount / 1000,
        message: `must be at least the ${(children.get(resource) ?? 0) / 1000} that roles below it are guaranteed`,
      })
  return problems
}

function above(role: string, quotas: Quotas): readonly (readonly [string, Quota])[] {
  return ancestorsOf(role).flatMap(path => {
    const quota = quotas.get(path)
    return quota === undefined ? [] : [[path, quota] as const]
  })
}

function hasGuaranteeAbove(role: string, resource: string, quotas: Quotas): boolean {
  return above(role, quotas).some(([, { guarantees = {} }]) => (guarantees[resource] ?? 0) > 0)
}

/** The sum of the outermost guarantees below a role. */
function guaranteesBelow(role: string, quotas: Quotas): ReadonlyMap<string, number> {
  const below = new Map([...quotas].filter(([path]) => path.startsWith(`${role}/`)))
  const sums = new Map<string, number>()
  for (const [path, { guarantees = {} }] of below)
    for (const [name, amount] of thousandthsOf(guarantees))
      if (!hasGuaranteeAbove(path, name, below)) sums.set(name, (sums.get(name) ?? 0) + amount)
  return sums
}
