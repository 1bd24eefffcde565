import type { StoredObject } from './object.js'

/** What decides the generation of the next state. */
export interface GenerationInput {
  readonly spec: unknown
  readonly status: unknown
  readonly deletionTimestamp: string | undefined
}

/**
 * 1 at creation; then one more per revision in which the spec changed or the deletion began. Without a status
 * subresource a change of status counts like one of spec. Unchanged parts are identical, so this costs nothing.
 *
 * @param base the object as committed before this revision
 */
export function nextGeneration(
  base: StoredObject | undefined,
  next: GenerationInput,
  statusSubresource: boolean,
): number {
  if (base === undefined) return 1
  const { generation, deletionTimestamp } = base.metadata
  const changed = next.spec !== base.spec || (!statusSubresource && next.status !== base.status)
  const marked = deletionTimestamp === undefined && next.deletionTimestamp !== undefined
  return changed || marked ? generation + 1 : generation
}
