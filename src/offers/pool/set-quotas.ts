import type { Reason } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { Quota } from '../allocator/allocator-event.js'
import { unmetGuarantees } from '../allocator/quota-check.js'
import type { PoolCore } from './pool-core.js'

/**
 * Sets the quotas of roles, all or none, and takes back offers beyond limits.
 *
 * @returns what the cluster cannot meet, with `force`
 * @throws InvalidError for quotas that contradict each other, or, without `force`, that the cluster cannot meet
 */
export function setQuotas(
  core: PoolCore,
  quotas: Readonly<Record<string, Quota>>,
  force: boolean,
): readonly Reason[] {
  const after = new Map([...core.allocator.quotas(), ...Object.entries(quotas)])
  for (const [role, quota] of after) if (Object.keys(quota).length === 0) after.delete(role)
  const unmet = unmetGuarantees(after, core.allocator.total())
  const names = Object.keys(unmet)
  if (names.length > 0 && !force) {
    const message = 'must come to at most what the cluster has; use force to set them all the same'
    throw new InvalidError(
      'quota',
      names.map(name => ({ field: `guarantees.${name}`, value: unmet[name], message })),
    )
  }
  core.allocator.apply({ type: 'quotas', quotas: Object.fromEntries(after) })
  core.rescindBeyondLimits()
  core.requestPass()
  return names.map(resource => ({
    code: 'GuaranteeUnmet',
    message: `the cluster has less ${resource} than is guaranteed`,
    params: { resource, guaranteed: unmet[resource] as number },
  }))
}
