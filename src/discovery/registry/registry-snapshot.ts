import type { Endpoint } from '../../core/index.js'
import { canonicalIp, compareText } from '../../core/internal.js'
import type { RegisteredHost, RegisteredService } from '../services/registered-service.js'
import { serviceKey } from '../services/registered-service.js'
import type { MapEdit, PersistentMap } from '../structures/persistent-map.js'
import { emptyMap } from '../structures/persistent-map.js'
import type { RegistryChange } from './registry-change.js'

/** A service with everything that is behind it at one revision. */
export interface ServiceView {
  /** Absent while only endpoints are known; such a view answers no question. */
  readonly service?: RegisteredService
  /** By slice name. */
  readonly slices: ReadonlyMap<string, readonly Endpoint[]>
  /**
   * All endpoints, by id; of two with one id the ready one, then the one that serves, then the one in the slice whose
   * name sorts first.
   */
  readonly endpoints: readonly Endpoint[]
  /** The revision that changed this view last. */
  readonly revision: number
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
  /** Canonical address → keys of the services with an endpoint there, sorted. */
  readonly endpointAddresses: PersistentMap<readonly string[]>
  /** Namespace → how many services it has, plus one when it was declared. */
  readonly namespaces: PersistentMap<number>
  readonly declaredNamespaces: PersistentMap<true>
  /** `namespace/alias` → keys of the services that have it, sorted. */
  readonly aliases: PersistentMap<readonly string[]>
  readonly hosts: PersistentMap<RegisteredHost>
  /** Canonical address → names of the hosts that have it, sorted. */
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

/**
 * The snapshot after the changes. Pure; work is proportional to the services touched. Addresses are indexed in
 * canonical form, and kept on the objects as they were given.
 */
export function applyChanges(
  before: RegistrySnapshot,
  revision: number,
  changes: readonly RegistryChange[],
): RegistrySnapshot {
  const edit: SnapshotEdit = {
    revision,
    services: before.services.edit(),
    vips: before.vips.edit(),
    endpointAddresses: before.endpointAddresses.edit(),
    namespaces: before.namespaces.edit(),
    declaredNamespaces: before.declaredNamespaces.edit(),
    aliases: before.aliases.edit(),
    hosts: before.hosts.edit(),
    hostAddresses: before.hostAddresses.edit(),
  }
  let synced = before.synced
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
  readonly hosts: MapEdit<RegisteredHost>
  readonly hostAddresses: MapEdit<readonly string[]>
}

function applyChange(edit: SnapshotEdit, change: Exclude<RegistryChange, { op: 'synced' }>): void {
  switch (change.op) {
    case 'set-service':
      return replaceView(edit, serviceKey(change.service), view => ({
        slices: view.slices,
        service: change.service,
      }))
    case 'delete-service':
      return replaceView(edit, change.service, view => ({ slices: view.slices }))
    case 'set-endpoints': {
      const { slice, endpoints } = change
      return replaceView(edit, change.service, view => ({
        ...view,
        slices: new Map(view.slices).set(slice, endpoints),
      }))
    }
    case 'delete-endpoints':
      return replaceView(edit, change.service, view => {
        const slices = new Map(view.slices)
        slices.delete(change.slice)
        return { ...view, slices }
      })
    case 'set-namespace':
      if (edit.declaredNamespaces.get(change.namespace) !== true) countNamespace(edit, change.namespace, 1)
      return edit.declaredNamespaces.set(change.namespace, true)
    case 'delete-namespace':
      if (edit.declaredNamespaces.get(change.namespace) === true) countNamespace(edit, change.namespace, -1)
      return edit.declaredNamespaces.delete(change.namespace)
    case 'set-host':
      return replaceHost(edit, change.host.name, change.host)
    case 'delete-host':
      return replaceHost(edit, change.host, undefined)
  }
}

type ViewParts = Pick<ServiceView, 'service' | 'slices'>

const nothing: ViewParts = { slices: new Map() }

/** Writes a service, with the indexes of what changed about it. */
function replaceView(edit: SnapshotEdit, key: string, next: (view: ViewParts) => ViewParts): void {
  const before = edit.services.get(key)
  const parts = next(before ?? nothing)
  const after = viewOf(parts, edit.revision, before)
  const namespace = key.slice(0, key.indexOf('/'))
  if (before?.service !== after.service) {
    reindex(edit.vips, key, { before: before?.service?.vips, after: after.service?.vips })
    const aliasesOf = (view: ServiceView | undefined): readonly string[] =>
      (view?.service?.aliases ?? []).map(alias => `${namespace}/${alias}`)
    reindex(edit.aliases, key, { before: aliasesOf(before), after: aliasesOf(after) })
  }
  if (before?.endpoints !== after.endpoints)
    reindexEndpoints(edit.endpointAddresses, key, before?.endpoints ?? [], after.endpoints)
  countNamespace(edit, namespace, Number(after.service !== undefined) - Number(before?.service !== undefined))
  if (after.service === undefined && after.slices.size === 0) edit.services.delete(key)
  else edit.services.set(key, after)
}

function replaceHost(edit: SnapshotEdit, name: string, host: RegisteredHost | undefined): void {
  const before = edit.hosts.get(name)
  reindex(edit.hostAddresses, name, { before: before?.addresses, after: host?.addresses })
  if (host === undefined) edit.hosts.delete(name)
  else edit.hosts.set(name, host)
}

function viewOf(
  { service, slices }: ViewParts,
  revision: number,
  before: ServiceView | undefined,
): ServiceView {
  const endpoints = before !== undefined && before.slices === slices ? before.endpoints : merge(slices)
  return { ...(service === undefined ? {} : { service }), slices, revision, endpoints }
}

function merge(slices: ReadonlyMap<string, readonly Endpoint[]>): readonly Endpoint[] {
  const [only, second] = slices.values()
  // What is in order already, without an id twice, is not copied.
  if (only !== undefined && second === undefined && isStrictlySorted(only)) return only
  const byId = new Map<string, Endpoint>()
  for (const name of [...slices.keys()].sort()) {
    for (const endpoint of slices.get(name) ?? []) {
      const other = byId.get(endpoint.id)
      if (other === undefined || rank(endpoint) > rank(other)) byId.set(endpoint.id, endpoint)
    }
  }
  return [...byId.values()].sort((a, b) => compareText(a.id, b.id))
}

function isStrictlySorted(endpoints: readonly Endpoint[]): boolean {
  return endpoints.every(({ id }, i) => i === 0 || compareText(endpoints[i - 1]?.id ?? '', id) < 0)
}

function rank({ conditions }: Endpoint): number {
  return conditions.ready ? 2 : Number(conditions.serving)
}

interface AddressChange {
  readonly before: readonly string[] | undefined
  readonly after: readonly string[] | undefined
}

function reindex(
  index: MapEdit<readonly string[]>,
  key: string,
  { before = [], after = [] }: AddressChange,
): void {
  const gone = new Set(before.map(canonical))
  const kept = new Set(after.map(canonical))
  for (const address of gone) if (!kept.has(address)) unlist(index, address, key)
  const alone = [key]
  for (const address of kept) if (!gone.has(address)) list(index, address, alone)
}

/** As `reindex`, but endpoints that are the same objects before and after, at one place, are not looked at. */
function reindexEndpoints(
  index: MapEdit<readonly string[]>,
  key: string,
  before: readonly Endpoint[],
  after: readonly Endpoint[],
): void {
  const untouched = before.length <= after.length ? new Set(after) : new Set(before)
  const other = before.length <= after.length ? before : after
  for (const endpoint of other) if (!untouched.delete(endpoint)) untouched.add(endpoint)
  const addresses = (endpoints: readonly Endpoint[]): readonly string[] =>
    endpoints.filter(endpoint => untouched.has(endpoint)).flatMap(endpoint => endpoint.addresses)
  const added = new Set(addresses(after).map(canonical))
  const gone = [...new Set(addresses(before).map(canonical))].filter(address => !added.has(address))
  if (gone.length > 0) {
    // Another endpoint of the service may be at the same address.
    const left = new Set(after.flatMap(endpoint => endpoint.addresses.map(canonical)))
    for (const address of gone) if (!left.has(address)) unlist(index, address, key)
  }
  const alone = [key]
  for (const address of added) if (index.get(address)?.includes(key) !== true) list(index, address, alone)
}

function list(index: MapEdit<readonly string[]>, address: string, alone: readonly string[]): void {
  const others = index.get(address)
  index.set(address, others === undefined ? alone : [...new Set([...others, ...alone])].sort())
}

function unlist(index: MapEdit<readonly string[]>, address: string, key: string): void {
  const keys = (index.get(address) ?? []).filter(other => other !== key)
  if (keys.length === 0) index.delete(address)
  else index.set(address, keys)
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
