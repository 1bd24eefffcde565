import type { FieldProblem } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { VolumeAccess, VolumeClaim } from '../../core/internal.js'
import type { NodeTest } from './node-selector.js'
import { compileNodeSelector } from './node-selector.js'

/** A claim as it is compared with nodes and other claims. */
export interface CompiledVolumeClaim {
  readonly name: string
  readonly driver: string | undefined
  readonly access: VolumeAccess
  /** Undefined: every node reaches it. */
  readonly reaches: NodeTest | undefined
}

const ACCESS: readonly string[] = ['ReadWriteOnce', 'ReadWriteOncePod', 'ReadOnlyMany', 'ReadWriteMany']

/** Most volumes that one task may claim. */
const VOLUMES_MAX = 1_000

/** How a claim that does not say uses its volume. */
export function accessOf({ access = 'ReadWriteOnce' }: Pick<VolumeClaim, 'access'>): VolumeAccess {
  return access
}

export function compileVolumeClaims(claims: readonly VolumeClaim[]): readonly CompiledVolumeClaim[] {
  return claims.map(claim => ({
    name: claim.name,
    driver: claim.driver,
    access: accessOf(claim),
    reaches: claim.topology === undefined ? undefined : compileNodeSelector({ terms: claim.topology }),
  }))
}

/** Faults of the volumes that a request claims. */
export function volumeProblems(claims: readonly VolumeClaim[] = []): FieldProblem[] {
  const isText = (value: unknown): boolean => typeof value === 'string' && value !== ''
  const tooMany = `must be at most ${VOLUMES_MAX}`
  if (claims.length > VOLUMES_MAX) return [{ field: 'volumes', value: claims.length, message: tooMany }]
  const seen = new Set<string>()
  return claims.flatMap((claim, index) => {
    const { name, driver, topology } = claim
    const at = `volumes[${index}]`
    const text = 'must be a text that is not empty'
    const problems: FieldProblem[] = []
    if (!isText(name)) problems.push({ field: `${at}.name`, value: name, message: text })
    if (driver !== undefined && !isText(driver))
      problems.push({ field: `${at}.driver`, value: driver, message: text })
    if (seen.has(name)) problems.push({ field: `${at}.name`, value: name, message: 'is claimed twice' })
    seen.add(name)
    if (!ACCESS.includes(accessOf(claim))) {
      const message = `must be one of ${ACCESS.join(', ')}`
      problems.push({ field: `${at}.access`, value: claim.access, message })
    }
    return topology === undefined ? problems : [...problems, ...topologyProblems(`${at}.topology`, claim)]
  })
}

function topologyProblems(field: string, claim: VolumeClaim): FieldProblem[] {
  try {
    compileVolumeClaims([claim])
    return []
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return [{ field, value: claim.topology, message: error.message }]
    throw error
  }
}
