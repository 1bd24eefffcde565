import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { MapEdit, PersistentMap } from '../structures/persistent-map.js'
import { hashText } from '../structures/text-hash.js'
import { keyPart, mapPart, REVISION_PART } from './change-clock.js'
import type { NamingProfile } from './naming-profile.js'
import { resolveWith } from './naming-profile.js'
import type { MapName, RegistrySnapshot } from './registry-snapshot.js'

/** An answer, and what it was made from. */
export interface TracedResolution {
  readonly resolution: Resolution
  /** Parts of the registry: the answer stays the same while none of them changes, as `changedAt` tells. */
  readonly parts: readonly number[]
}

/**
 * Resolves with an eye on what is read of the snapshot. A cached answer then stays right while unrelated services change:
 * what counts is what it was made from, not the revision. SOA records hold the revision, so answers with one are those
 * of their revision only.
 */
export function traceResolution(
  profiles: readonly NamingProfile[],
  snapshot: RegistrySnapshot,
  question: RegistryQuestion,
): TracedResolution {
  const seen = new ObservedSnapshot(snapshot)
  const resolution = resolveWith(profiles, seen, question)
  if (holdsSoa(resolution)) seen.parts.add(REVISION_PART)
  return { resolution, parts: [...seen.parts] }
}

function holdsSoa({ answers, authority, additional }: Resolution): boolean {
  return [answers, authority, additional].some(section => section.some(({ type }) => type === 'SOA'))
}

/** A snapshot that notes what is read of it. A question reads one or two of its maps, so they are made when asked for. */
class ObservedSnapshot implements RegistrySnapshot {
  readonly revision: number
  readonly parts = new Set<number>()
  readonly #snapshot: RegistrySnapshot

  constructor(snapshot: RegistrySnapshot) {
    this.#snapshot = snapshot
    this.revision = snapshot.revision
  }

  /** It changes once, so it is not worth a part of its own. */
  get synced(): boolean {
    if (!this.#snapshot.synced) this.parts.add(REVISION_PART)
    return this.#snapshot.synced
  }

  get services(): RegistrySnapshot['services'] {
    return this.#observed('services', this.#snapshot.services)
  }

  get vips(): RegistrySnapshot['vips'] {
    return this.#observed('vips', this.#snapshot.vips)
  }

  get endpointAddresses(): RegistrySnapshot['endpointAddresses'] {
    return this.#observed('endpointAddresses', this.#snapshot.endpointAddresses)
  }

  get namespaces(): RegistrySnapshot['namespaces'] {
    return this.#observed('namespaces', this.#snapshot.namespaces)
  }

  get declaredNamespaces(): RegistrySnapshot['declaredNamespaces'] {
    return this.#observed('declaredNamespaces', this.#snapshot.declaredNamespaces)
  }

  get aliases(): RegistrySnapshot['aliases'] {
    return this.#observed('aliases', this.#snapshot.aliases)
  }

  get hosts(): RegistrySnapshot['hosts'] {
    return this.#observed('hosts', this.#snapshot.hosts)
  }

  get hostAddresses(): RegistrySnapshot['hostAddresses'] {
    return this.#observed('hostAddresses', this.#snapshot.hostAddresses)
  }

  #observed<Value>(map: MapName, inner: PersistentMap<Value>): PersistentMap<Value> {
    return new ObservedMap(map, inner, this.parts)
  }
}

class ObservedMap<Value> implements PersistentMap<Value> {
  readonly #map: MapName
  readonly #inner: PersistentMap<Value>
  readonly #parts: Set<number>

  constructor(map: MapName, inner: PersistentMap<Value>, parts: Set<number>) {
    this.#map = map
    this.#inner = inner
    this.#parts = parts
  }

  get size(): number {
    this.#parts.add(mapPart(this.#map))
    return this.#inner.size
  }

  get(key: string): Value | undefined {
    this.#parts.add(keyPart(this.#map, hashText(key)))
    return this.#inner.get(key)
  }

  entries(): IterableIterator<[string, Value]> {
    this.#parts.add(mapPart(this.#map))
    return this.#inner.entries()
  }

  edit(): MapEdit<Value> {
    return this.#inner.edit()
  }
}
