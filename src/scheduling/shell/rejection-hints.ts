import type { RejectionCause } from '../explanation.js'
import type { ClusterEvent, FilterPlugin, Profile } from '../plugins/plugin.js'

/** Whether the event may end one of the causes, as far as their filters say. */
export function mayHelp(
  { filters }: Profile,
  causes: readonly RejectionCause[],
  event: ClusterEvent,
): boolean {
  return causes.some(cause => {
    const filter = filters.find(({ name }) => name === cause.plugin)
    return filter !== undefined && mayEnd(filter, cause, event)
  })
}

function mayEnd(filter: FilterPlugin, { reason }: RejectionCause, event: ClusterEvent): boolean {
  const { locality } = filter
  if (filter.hint === undefined) return locality === 'node' ? event.kind === 'freed' : locality !== 'static'
  try {
    return filter.hint(reason, event)
  } catch {
    // It is asked again when the request is looked at, and what it throws then is told.
    return true
  }
}
