import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { PersistentMap } from '../structures/persistent-map.js'
import type { NamingProfile } from './naming-profile.js'
import { resolveWith } from './naming-profile.js'
import type { RegistrySnapshot } from './registry-snapshot.js'

/** An answer, and what it was made from. */
export interface TracedResolution {
  readonly resolution: Resolution
  /** Whether a later snapshot of the same registry gives the same answer; false when it may not. */
  holdsIn(snapshot: RegistrySnapshot): boolean
}

type MapName = {
  readonly [Name in keyof RegistrySnapshot]: RegistrySnapshot[Name] extends PersistentMap<unknown>
    ? Name
    : never
}[keyof RegistrySnapshot]

/** A key of a map and what was there, or the whole map when it was walked through. */
interface Read {
  readonly map: MapName
  readonly key: string | undefined
  readonly value: unknown
}

/**
 * Resolves with an eye on what is read of the snapshot. A cached answer then stays right while unrelated services change:
 * it is compared by what it was made from, not by the revision. SOA records hold the revision, so answers with one are
 * those of their revision only.
 */
export function traceResolution(
  profiles: readonly NamingProfile[],
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): TracedResolution {
  const reads: Read[] = []
  const resolution = resolveWith(profiles, observed(snapshot, reads), question)
  const { synced, revision } = snapshot
  const isOfRevision = [...resolution.answers, ...resolution.authority].some(({ type }) => type === 'SOA')
  return {
    resolution,
    holdsIn: later =>
      later.synced === synced &&
      (!isOfRevision || later.revision === revision) &&
      reads.every(({ map, key, value }) => (key === undefined ? later[map] : later[map].get(key)) === value),
  }
}

function observed(snapshot: RegistrySnapshot, reads: Read[]): RegistrySnapshot {
  const watched = <Value>(map: MapName, inner: PersistentMap<Value>): PersistentMap<Value> => ({
    get size() {
      reads.push({ map, key: undefined, value: inner })
      return inner.size
    },
    get: key => {
      const value = inner.get(key)
      reads.push({ map, key, value })
      return value
    },
    entries: () => {
      reads.push({ map, key: undefined, value: inner })
      return inner.entries()
    },
    edit: () => inner.edit(),
  })
  return {
    revision: snapshot.revision,
    synced: snapshot.synced,
    services: watched('services', snapshot.services),
    vips: watched('vips', snapshot.vips),
    endpointAddresses: watched('endpointAddresses', snapshot.endpointAddresses),
    namespaces: watched('namespaces', snapshot.namespaces),
    declaredNamespaces: watched('declaredNamespaces', snapshot.declaredNamespaces),
    aliases: watched('aliases', snapshot.aliases),
    hosts: watched('hosts', snapshot.hosts),
    hostAddresses: watched('hostAddresses', snapshot.hostAddresses),
  }
}
