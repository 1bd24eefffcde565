import type { Cidr } from '../../core/internal.js'

/**
 * Kubernetes' static band of a service block: none up to 16 addresses, else a sixteenth of the block, at least
 * 16 and at most 256. Pass it as `staticBand` of an address pool. Source: kubernetes, ipallocator.
 */
export function kubernetesStaticBand(block: Cidr): number {
  if (block.size <= 16n) return 0
  const sixteenth = block.size / 16n
  return sixteenth > 256n ? 256 : Math.max(16, Number(sixteenth))
}
