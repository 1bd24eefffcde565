import type { Endpoint } from '../../core/index.js'
import { canonicalIp } from '../../core/internal.js'
import { lowerCase } from '../dns/dns-name.js'
import type { RegisteredHost, RegisteredService } from '../services/registered-service.js'
import { serviceKey } from '../services/registered-service.js'
import type { MapEdit, PersistentMap } from '../structures/persistent-map.js'
import { emptyMap } from '../structures/persistent-map.js'
import type { ChangedSlice, MergedEndpoints } from './merged-endpoints.js'
import { mergeSlice } from './merged-endpoints.js'
import type { NameDispute } from './name-taken-error.js'
import { NameTakenError } from './name-taken-error.js'
import type { HeldEndpoints, RegistryChange, Sourced } from './registry-change.js'

/** A service with everything that is behind it at one revision. */
export interface ServiceView extends MergedEndpoints {
  /** Absent while only endpoints are known; such a view answers no question. */
  readonly service?: RegisteredService
  /** What its name was made from, where that was said. */
  readonly source?: string
  /** The revision that changed this view last. */
  readonly revision: number
}

/** A host, and whose it is. */
export interface HostView extends RegisteredHost {
  /** Who registered it, where that was said. */
  readonly source?: string
}

/** Everything the registry knows at one revision; never changes. */
export interface RegistrySnapshot {
  readonly revision: number
  /** False until all that existed at the start was applied; negative answers are then SERVFAIL. */
  readonly synced: boolean
  /** By `namespace/name`. */
  readonly services: PersistentMap<ServiceView>
  /** Canonical address → keys of the services that have it as VIP, sorted. More than one is a conflict. */
  readonly vips: PersistentMap<readonly string[]>
  /**
   * Canonical address → keys of the services with an endpoint there, sorted, each as often as it has one: `servicesAt`
   * gives them once.
   */
  readonly endpointAddresses: PersistentMap<readonly string[]>
  /** Namespace → how many services it has, plus one when it was declared. */
  readonly namespaces: PersistentMap<number>
  readonly declaredNamespaces: PersistentMap<true>
  /** `namespace/alias` → keys of the services that have it, sorted. */
  readonly aliases: PersistentMap<readonly string[]>
  /** By name in lower case, as names of DNS are compared; `hostNamed` takes any spelling. */
  readonly hosts: PersistentMap<HostView>
  /** Canonical address → names of the hosts that have it, in lower case, sorted. */
  readonly hostAddresses: PersistentMap<readonly string[]>
}

/** The state before any change. */
export function emptySnapshot(): RegistrySnapshot {
  return {
    revision: 0,
    synced: false,
    services: emptyMap(),
    vips: emptyMap(),
    endpointAddresses: emptyMap(),
    namespaces: emptyMap(),
    declaredNamespaces: emptyMap(),
    aliases: emptyMap(),
    hosts: emptyMap(),
    hostAddresses: emptyMap(),
  }
}

/** The parts of a snapshot that are maps. */
export type MapName = {
  readonly [Name in keyof RegistrySnapshot]: RegistrySnapshot[Name] extends PersistentMap<unknown>
    ? Name
    : never
}[keyof RegistrySnapshot]

/** Told the hash of each key that is written, map by map. */
export type Written = Readonly<Record<MapName, (hash: number) => void>>

/** The slices of a snapshot, which were accepted when they came. */
export function heldIn({ services }: RegistrySnapshot): HeldEndpoints {
  return (service, slice) => services.get(service)?.slices.get(slice)
}

/** Keys of the services that have an endpoint at a canonical address, sorted. */
export function servicesAt(snapshot: RegistrySnapshot, address: string): readonly string[] {
  return [...new Set(snapshot.endpointAddresses.get(address))]
}

/** The host of a name, such as an endpoint's `nodeName`. */
export function hostNamed(snapshot: RegistrySnapshot, name: string): HostView | undefined {
  return snapshot.hosts.get(lowerCase(name))
}

/**
 * The snapshot after the changes. Pure; work is proportional to what is different, endpoint by endpoint. Addresses are
 * indexed in canonical form, and kept on the objects as they were given.
 */
export function applyChanges(
  before: RegistrySnapshot,
  revision: number,
  changes: readonly RegistryChange[],
  written?: Written,
): RegistrySnapshot {
  const edit: SnapshotEdit = {
    revision,
    services: before.services.edit(written?.services),
    vips: before.vips.edit(written?.vips),
    endpointAddresses: before.endpointAddresses.edit(written?.endpointAddresses),
    namespaces: before.namespaces.edit(written?.namespaces),
    declaredNamespaces: before.declaredNamespaces.edit(written?.declaredNamespaces),
    aliases: before.aliases.edit(written?.aliases),
    hosts: before.hosts.edit(written?.hosts),
    hostAddresses: before.hostAddresses.edit(written?.hostAddresses),
  }
  let { synced } = before
  for (const change of changes) {
    if (change.op === 'synced') synced = true
    else applyChange(edit, change)
  }
  return {
    revision,
    synced,
    services: edit.services.done(),
    vips: edit.vips.done(),
    endpointAddresses: edit.endpointAddresses.done(),
    namespaces: edit.namespaces.done(),
    declaredNamespaces: edit.declaredNamespaces.done(),
    aliases: edit.aliases.done(),
    hosts: edit.hosts.done(),
    hostAddresses: edit.hostAddresses.done(),
  }
}

interface SnapshotEdit {
  readonly revision: number
  readonly services: MapEdit<ServiceView>
  readonly vips: MapEdit<readonly string[]>
  readonly endpointAddresses: MapEdit<readonly string[]>
  readonly namespaces: MapEdit<number>
  readonly declaredNamespaces: MapEdit<true>
  readonly aliases: MapEdit<readonly string[]>
  readonly hosts: MapEdit<HostView>
  readonly hostAddresses: MapEdit<readonly string[]>
}

function applyChange(edit: SnapshotEdit, change: Exclude<RegistryChange, { op: 'synced' }>): void {
  switch (change.op) {
    case 'set-service':
      return replaceService(edit, ownService(edit, serviceKey(change.service), change), change.service)
    case 'delete-service':
      if (isOthers(edit.services.get(change.service), change)) return
      return replaceService(edit, { key: change.service }, undefined)
    case 'set-endpoints':
      return replaceSlice(edit, ownService(edit, change.service, change), {
        name: change.slice,
        endpoints: change.endpoints,
      })
    case 'delete-endpoints':
      if (isOthers(edit.services.get(change.service), change)) return
      return replaceSlice(edit, { key: change.service }, { name: change.slice, endpoints: undefined })
    case 'set-namespace':
      if (edit.declaredNamespaces.get(change.namespace) !== true) countNamespace(edit, change.namespace, 1)
      return edit.declaredNamespaces.set(change.namespace, true)
    case 'delete-namespace':
      if (edit.declaredNamespaces.get(change.namespace) === true) countNamespace(edit, change.namespace, -1)
      return edit.declaredNamespaces.delete(change.namespace)
    case 'set-host':
      return setHost(edit, change.host, change)
    case 'delete-host': {
      const name = lowerCase(change.host)
      return isOthers(edit.hosts.get(name), change) ? undefined : replaceHost(edit, name, undefined)
    }
  }
}

const nothing: MergedEndpoints = { slices: new Map(), endpoints: [] }

/** A key of a service, and what its name was made from. */
interface Named extends Sourced {
  readonly key: string
}

/** Whether what is there is another source's. */
function isOthers(held: Sourced | undefined, { source }: Sourced): boolean {
  return source !== undefined && held?.source !== undefined && held.source !== source
}

/** @throws NameTakenError when what is there is another source's */
function assertOwn(
  held: Sourced | undefined,
  change: Sourced,
  what: Pick<NameDispute, 'kind' | 'name'>,
): void {
  const { kind, name } = what
  if (isOthers(held, change))
    throw new NameTakenError({ kind, name, held: held?.source ?? '', given: change.source ?? '' })
}

function ownService(edit: SnapshotEdit, key: string, change: Sourced): Named {
  assertOwn(edit.services.get(key), change, { kind: 'Service', name: key })
  return { key, ...(change.source === undefined ? {} : { source: change.source }) }
}

function setHost(edit: SnapshotEdit, host: RegisteredHost, change: Sourced): void {
  const name = lowerCase(host.name)
  const held = edit.hosts.get(name)
  assertOwn(held, change, { kind: 'Host', name })
  const source = held?.source ?? change.source
  replaceHost(edit, name, { ...host, ...(source === undefined ? {} : { source }) })
}

/** Writes what a service is, with the indexes of that. */
function replaceService(edit: SnapshotEdit, name: Named, service: RegisteredService | undefined): void {
  const { key } = name
  const view = edit.services.get(key)
  const before = view?.service
  const namespace = key.slice(0, key.indexOf('/'))
  const aliasesOf = ({ aliases = [] }: Partial<RegisteredService> = {}): ReadonlySet<string> =>
    new Set(aliases.map(alias => `${namespace}/${alias}`))
  reindex(edit.vips, key, distinct(before?.vips), distinct(service?.vips))
  reindex(edit.aliases, key, aliasesOf(before), aliasesOf(service))
  countNamespace(edit, namespace, Number(service !== undefined) - Number(before !== undefined))
  writeView(edit, name, { service, merged: view ?? nothing })
}

/** Writes a slice of a service, with the index of the endpoints that are different. */
function replaceSlice(edit: SnapshotEdit, name: Named, slice: ChangedSlice): void {
  const view = edit.services.get(name.key)
  const { gone, come, ...merged } = mergeSlice(view ?? nothing, slice)
  reindex(edit.endpointAddresses, name.key, addressesOf(gone), addressesOf(come))
  writeView(edit, name, { service: view?.service, merged })
}

/** What a view is made from. */
interface ViewParts {
  readonly service: RegisteredService | undefined
  readonly merged: MergedEndpoints
}

function writeView(edit: SnapshotEdit, name: Named, { service, merged }: ViewParts): void {
  const { slices, endpoints } = merged
  if (service === undefined && slices.size === 0) return edit.services.delete(name.key)
  const source = edit.services.get(name.key)?.source ?? name.source
  edit.services.set(name.key, {
    slices,
    endpoints,
    ...(service === undefined ? {} : { service }),
    ...(source === undefined ? {} : { source }),
    revision: edit.revision,
  })
}

function replaceHost(edit: SnapshotEdit, name: string, host: HostView | undefined): void {
  const before = edit.hosts.get(name)
  reindex(edit.hostAddresses, name, distinct(before?.addresses), distinct(host?.addresses))
  if (host === undefined) edit.hosts.delete(name)
  else edit.hosts.set(name, host)
}

/** Lists the key under each text as often as it comes after, and no longer as often as it came before. */
function reindex(
  index: MapEdit<readonly string[]>,
  key: string,
  before: Iterable<string>,
  after: Iterable<string>,
): void {
  const counts = new Map<string, number>()
  for (const text of after) counts.set(text, (counts.get(text) ?? 0) + 1)
  for (const text of before) counts.set(text, (counts.get(text) ?? 0) - 1)
  const alone = [key]
  for (const [text, count] of counts) {
    if (count === 0) continue
    const held = index.get(text)
    if (count === 1 && held === undefined) index.set(text, alone)
    else if (count > 0) index.set(text, [...(held ?? []), ...Array<string>(count).fill(key)].sort())
    else unlist(index, { text, key, held: held ?? [] }, -count)
  }
}

interface Listed {
  readonly text: string
  readonly key: string
  readonly held: readonly string[]
}

function unlist(index: MapEdit<readonly string[]>, { text, key, held }: Listed, count: number): void {
  if (held.length <= count) return index.delete(text)
  // Sorted, so that those of one key stand together.
  index.set(text, held.toSpliced(held.indexOf(key), count))
}

function addressesOf(endpoints: readonly Endpoint[]): readonly string[] {
  return endpoints.flatMap(({ addresses }) => addresses.map(canonical))
}

function distinct(addresses: readonly string[] = []): ReadonlySet<string> {
  return new Set(addresses.map(canonical))
}

/** The given text where it is canonical already: an index of a million addresses holds no copies. */
function canonical(address: string): string {
  const text = canonicalIp(address)
  return text === undefined || text === address ? address : text
}

function countNamespace(edit: SnapshotEdit, namespace: string, by: number): void {
  if (by === 0) return
  const count = (edit.namespaces.get(namespace) ?? 0) + by
  if (count === 0) edit.namespaces.delete(namespace)
  else edit.namespaces.set(namespace, count)
}
