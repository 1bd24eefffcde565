import type { NodeTest, VolumeAccess, VolumeClaim } from '../../core/internal.js'
import { compileNodeSelector } from '../../core/internal.js'

/** A claim as it is compared with nodes and other claims. */
export interface CompiledVolumeClaim {
  readonly name: string
  readonly driver: string | undefined
  readonly access: VolumeAccess
  /** Undefined: every node reaches it. */
  readonly reaches: NodeTest | undefined
}

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
