import type { RegistryQuestion, Resolution } from '../dns/resolution.js'
import type { PersistentMap } from '../structures/persistent-map.js'
import { hashText } from '../structures/text-hash.js'
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
  readonly hash: number
  /** What held the key: while that is where it was, nothing else need be looked at. */
  node: object | undefined
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
  const seen = new ObservedSnapshot(snapshot)
  const resolution = resolveWith(profiles, seen, question)
  return new Traced(resolution, seen)
}

class Traced implements TracedResolution {
  readonly resolution: Resolution
  readonly #reads: readonly Read[]
  readonly #synced: boolean
  /** The only revision that it may hold in. */
  readonly #revision: number | undefined

  constructor(resolution: Resolution, { reads, synced, revision }: ObservedSnapshot) {
    this.resolution = resolution
    this.#reads = reads
    this.#synced = synced
    this.#revision = holdsSoa(resolution) ? revision : undefined
  }

  holdsIn(later: RegistrySnapshot): boolean {
    if (later.synced !== this.#synced) return false
    if (this.#revision !== undefined && later.revision !== this.#revision) return false
    for (const read of this.#reads) if (!isUnchanged(read, later[read.map])) return false
    return true
  }
}

function isUnchanged(read: Read, map: PersistentMap<unknown>): boolean {
  if (read.key === undefined) return map === read.value
  const node = map.nodeOf(read.hash)
  if (node === read.node) return true
  if (map.get(read.key) !== read.value) return false
  read.node = node
  return true
}

function holdsSoa({ answers, authority }: Resolution): boolean {
  return answers.some(({ type }) => type === 'SOA') || authority.some(({ type }) => type === 'SOA')
}

/** A snapshot that notes what is read of it. A question reads one or two of its maps, so they are made when asked for. */
class ObservedSnapshot implements RegistrySnapshot {
  readonly revision: number
  readonly synced: boolean
  readonly reads: Read[] = []
  readonly #snapshot: RegistrySnapshot

  constructor(snapshot: RegistrySnapshot) {
    this.#snapshot = snapshot
    this.revision = snapshot.revision
    this.synced = snapshot.synced
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
    return new ObservedMap(map, inner, this.reads)
  }
}

class ObservedMap<Value> implements PersistentMap<Value> {
  readonly #map: MapName
  readonly #inner: PersistentMap<Value>
  readonly #reads: Read[]

  constructor(map: MapName, inner: PersistentMap<Value>, reads: Read[]) {
    this.#map = map
    this.#inner = inner
    this.#reads = reads
  }

  get size(): number {
    this.#readWhole()
    return this.#inner.size
  }

  get(key: string): Value | undefined {
    const value = this.#inner.get(key)
    const hash = hashText(key)
    this.#reads.push({ map: this.#map, key, value, hash, node: this.#inner.nodeOf(hash) })
    return value
  }

  nodeOf(hash: number): object | undefined {
    this.#readWhole()
    return this.#inner.nodeOf(hash)
  }

  entries(): ReturnType<PersistentMap<Value>['entries']> {
    this.#readWhole()
    return this.#inner.entries()
  }

  edit(): ReturnType<PersistentMap<Value>['edit']> {
    return this.#inner.edit()
  }

  #readWhole(): void {
    this.#reads.push({ map: this.#map, key: undefined, value: this.#inner, hash: 0, node: undefined })
  }
}
