import { compareText } from '../../core/internal.js'
import type { RegistrySnapshot } from './registry-snapshot.js'

/** An invariant that the registry's source broke. */
export type RegistryProblem =
  /** Several services claim one virtual address; only traffic to the first of them is well defined. */
  | { readonly kind: 'shared-vip'; readonly address: string; readonly services: readonly string[] }
  /** Endpoints are known, the service is not. */
  | { readonly kind: 'orphan-endpoints'; readonly service: string; readonly slices: readonly string[] }
  /** One endpoint id is in several slices of a service; a ready one counts, else the slice whose name sorts first. */
  | { readonly kind: 'duplicate-endpoint'; readonly service: string; readonly id: string }

/** Looks at everything; meant for audits and tests, not for each change. Problems come in a fixed order. */
export function verifySnapshot(snapshot: RegistrySnapshot): readonly RegistryProblem[] {
  const problems: RegistryProblem[] = []
  for (const [address, services] of sorted(snapshot.vips.entries())) {
    if (services.length > 1) problems.push({ kind: 'shared-vip', address, services })
  }
  for (const [service, view] of sorted(snapshot.services.entries())) {
    if (view.service === undefined)
      problems.push({ kind: 'orphan-endpoints', service, slices: [...view.slices.keys()].sort() })
    const seen = new Set<string>()
    const twice = new Set<string>()
    for (const endpoints of view.slices.values()) {
      for (const { id } of endpoints) (seen.has(id) ? twice : seen).add(id)
    }
    for (const id of [...twice].sort()) problems.push({ kind: 'duplicate-endpoint', service, id })
  }
  return problems
}

function sorted<V>(entries: Iterable<[string, V]>): readonly [string, V][] {
  return [...entries].sort(([a], [b]) => compareText(a, b))
}
