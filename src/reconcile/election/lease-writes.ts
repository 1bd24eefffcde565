import type { LeaseRecord } from '../../core/index.js'
import { formatTime, parseTime } from '../../core/index.js'
import type { ObjectInput } from '../../store/index.js'
import type { ElectionLease } from './election-lease.js'
import { HOLDER_PRIORITY, PREFERRED_PRIORITY } from './election-lease.js'
import type { ElectionSettings } from './election-options.js'

type LeaseInput = ObjectInput<LeaseRecord, never>

/** What a candidate writes into the lease to lead. The preference that it fulfils or overrules ends. */
export function acquired(
  settings: ElectionSettings,
  before: ElectionLease | undefined,
  transitions: number,
  nowMs: number,
): LeaseInput {
  const { identity, leaseDurationMs, priority } = settings
  const time = formatTime(nowMs)
  return {
    metadata: {
      ...(before?.metadata ?? settings.lease),
      annotations: annotate(before, { [HOLDER_PRIORITY]: String(priority), [PREFERRED_PRIORITY]: undefined }),
    },
    spec: {
      holderIdentity: identity,
      leaseDurationSeconds: leaseDurationMs / 1000,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: transitions,
    },
  }
}

/** The transitions of a lease that is taken: never fewer than terms were begun, so that each remembers the other. */
export function nextTransitions(wanted: number, term: ElectionLease | undefined): number {
  return Math.max(wanted, term?.spec.leaseTransitions ?? 0)
}

/**
 * What the holder of the fence writes: its resourceVersion is that of no other reign, and its number is higher than
 * that of any, even if the object of the term before was deleted.
 */
export function termOf(
  settings: ElectionSettings,
  before: ElectionLease | undefined,
  held: ElectionLease,
  nowMs: number,
): LeaseInput {
  return {
    metadata: before?.metadata ?? settings.term,
    spec: {
      holderIdentity: settings.identity,
      acquireTime: formatTime(nowMs),
      leaseTransitions: nextTransitions(held.spec.leaseTransitions ?? 0, before) + 1,
    },
  }
}

/** The sign of life of a leader. Its time always grows, because others see nothing else of it. */
export function renewed(lease: ElectionLease, nowMs: number): LeaseInput {
  const { renewTime } = lease.spec
  const aliveMs = renewTime === undefined ? nowMs : Math.max(nowMs, parseTime(renewTime) + 1)
  return { metadata: lease.metadata, spec: { ...lease.spec, renewTime: formatTime(aliveMs) } }
}

/** What a leader leaves behind that no longer wants to lead; `heir` is who should come next. */
export function released(lease: ElectionLease, heir: string | undefined, nowMs: number): LeaseInput {
  const { preferredHolder, ...spec } = lease.spec
  const next = heir ?? preferredHolder
  return {
    metadata: { ...lease.metadata, annotations: annotate(lease, { [HOLDER_PRIORITY]: undefined }) },
    spec: {
      ...spec,
      holderIdentity: '',
      leaseDurationSeconds: 1,
      renewTime: formatTime(nowMs),
      ...(next === undefined ? {} : { preferredHolder: next }),
    },
  }
}

/** What a candidate of higher priority writes to be let in. */
export function asked(lease: ElectionLease, settings: ElectionSettings): LeaseInput {
  const preference = { [PREFERRED_PRIORITY]: String(settings.priority) }
  return {
    metadata: { ...lease.metadata, annotations: annotate(lease, preference) },
    spec: { ...lease.spec, preferredHolder: settings.identity },
  }
}

function annotate(
  lease: ElectionLease | undefined,
  changes: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const all = Object.entries({ ...lease?.metadata.annotations, ...changes })
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined))
}
