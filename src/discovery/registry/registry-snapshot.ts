import type { Endpoint } from '../../core/index.js'
import { canonicalIp, compareText } from '../../core/internal.js'
import type { RegisteredService } from '../services/registered-service.js'
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
  }
}

interface SnapshotEdit {
  readonly revision: number
  readonly services: MapEdit<ServiceView>
  readonly vips: MapEdit<readonly string[]>
  readonly endpointAddresses: MapEdit<readonly string[]>
  readonly namespaces: MapEdit<number>
  readonly declaredNamespaces: MapEdit<true>
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
  }
}

type ViewParts = Pick<ServiceView, 'service' | 'slices'>

const nothing: ViewParts = { slices: new Map() }

function replaceView(edit: SnapshotEdit, key: string, next: (view: ViewParts) => ViewParts): void {
  const before = edit.services.get(key)
  const after = next(before ?? nothing)
  reindex(edit.vips, key, { before: before?.service?.vips, after: after.service?.vips })
  reindex(edit.endpointAddresses, key, {
    before: before?.endpoints.flatMap(endpoint => endpoint.addresses),
    after: merge(after.slices).flatMap(endpoint => endpoint.addresses),
  })
  const namespace = key.slice(0, key.indexOf('/'))
  countNamespace(edit, namespace, Number(after.service !== undefined) - Number(before?.service !== undefined))
  if (after.service === undefined && after.slices.size === 0) edit.services.delete(key)
  else edit.services.set(key, viewOf(after, edit.revision))
}

function viewOf({ service, slices }: ViewParts, revision: number): ServiceView {
  return { ...(service === undefined ? {} : { service }), slices, revision, endpoints: merge(slices) }
}

function merge(slices: ReadonlyMap<string, readonly Endpoint[]>): readonly Endpoint[] {
  const byId = new Map<string, Endpoint>()
  for (const name of [...slices.keys()].sort()) {
    for (const endpoint of slices.get(name) ?? []) {
      const other = byId.get(endpoint.id)
      if (other === undefined || rank(endpoint) > rank(other)) byId.set(endpoint.id, endpoint)
    }
  }
  return [...byId.values()].sort((a, b) => compareText(a.id, b.id))
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
  const gone = new Set(before.map(address => canonicalIp(address) ?? address))
  const kept = new Set(after.map(address => canonicalIp(address) ?? address))
  for (const address of gone) {
    if (kept.has(address)) continue
    const keys = (index.get(address) ?? []).filter(other => other !== key)
    if (keys.length === 0) index.delete(address)
    else index.set(address, keys)
  }
  for (const address of kept) {
    if (gone.has(address)) continue
    index.set(address, [...(index.get(address) ?? []), key].sort())
  }
}

function countNamespace(edit: SnapshotEdit, namespace: string, by: number): void {
  if (by === 0) return
  const count = (edit.namespaces.get(namespace) ?? 0) + by
  if (count === 0) edit.namespaces.delete(namespace)
  else edit.namespaces.set(namespace, count)
}
