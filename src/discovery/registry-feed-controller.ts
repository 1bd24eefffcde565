import { EndpointSlice, Service, type SliceEndpoint } from '../api/index.js'
import { type Cancel, isKeelsonError } from '../core/index.js'
import type { Runnable } from '../reconcile/index.js'
import type { Client, Kind, StoredObject, Watch, WatchBatch } from '../store/index.js'
import type { Registry } from './registry.js'
import { assertChange, type RegistryChange } from './registry-change.js'
import type { Endpoint, RegisteredService } from './service.js'

/** A broken watch is opened again after this long. */
const reopenMs = 100

/** Changes of one revision of one kind. */
interface Pending {
  readonly revision: number
  readonly changes: readonly RegistryChange[]
}

/**
 * Feeds a registry from the Service and EndpointSlice objects of a store, revision by revision. Starting
 * resolves when everything that existed has been applied; the registry is then synced.
 *
 * Guarantees: with an `Env` whose steps run first in first out, as in production, a revision is applied when the
 * changes of both kinds up to it are known, so the registry at revision R shows what the store held at R. With
 * other orders a change may join a revision that was applied already; none is lost. An object that the registry
 * refuses is logged and treated as absent.
 */
export function createRegistryFeed(registry: Registry): Runnable {
  let stop: Cancel = () => {}
  return {
    name: 'registry-feed',
    start: client =>
      new Promise<void>(resolve => {
        stop = startFeed(registry, client, resolve)
      }),
    stop: () => stop(),
  }
}

function startFeed(registry: Registry, client: Client, synced: () => void): Cancel {
  const { env } = client
  let pending: Pending[] = []
  let waitingFor = 2
  const accept = (change: RegistryChange): readonly RegistryChange[] => {
    try {
      assertChange(change)
      return [change]
    } catch (error) {
      if (!isKeelsonError(error, 'Invalid')) throw error
      env.logger.warn({ error }, 'an object is left out of the registry')
      return removalOf(change)
    }
  }
  /** Applies everything up to a revision; steps deferred before this one have delivered all that there is. */
  const applyUpTo = (barrier: number): void => {
    const due = pending.filter(({ revision }) => revision <= barrier).sort((a, b) => a.revision - b.revision)
    pending = pending.filter(({ revision }) => revision > barrier)
    for (let from = 0; from < due.length; ) {
      const { revision } = due[from] as Pending
      let to = from
      while (due[to]?.revision === revision) to++
      registry.apply(
        Math.max(revision, registry.revision),
        due.slice(from, to).flatMap(({ changes }) => changes.flatMap(accept)),
      )
      from = to
    }
  }
  const deliver = (revision: number, changes: readonly RegistryChange[], first: boolean): void => {
    pending.push({ revision, changes })
    env.tasks.defer(
      () => {
        applyUpTo(revision)
        if (!first || --waitingFor > 0) return
        registry.apply(registry.revision, [{ op: 'synced' }])
        synced()
      },
      { kind: 'deliver', label: `registry revision ${revision}` },
    )
  }
  const stops = [
    follow(client, Service, serviceChange, deliver),
    follow(client, EndpointSlice, sliceChange, deliver),
  ]
  return () => {
    for (const stopOne of stops) stopOne()
  }
}

type Deliver = (revision: number, changes: readonly RegistryChange[], first: boolean) => void

/** Watches one kind for ever. After a break it lists again and takes out what has gone meanwhile. */
function follow<Spec, Status>(
  client: Client,
  kind: Kind<Spec, Status>,
  changeOf: (object: StoredObject<Spec, Status>) => RegistryChange,
  deliver: Deliver,
): Cancel {
  const { env } = client
  /** How to take each object out that was put in. */
  const known = new Map<string, RegistryChange>()
  let listed: Set<string> | undefined
  let first = true
  let watch: Watch<StoredObject<Spec, Status>> | undefined
  let cancelReopen: Cancel = () => {}
  const take = ({ revision, events, initialEventsEnd }: WatchBatch<StoredObject<Spec, Status>>): void => {
    const changes: RegistryChange[] = []
    for (const { type, object } of events) {
      const key = `${object.metadata.namespace}/${object.metadata.name}`
      const change = changeOf(object)
      const [removal] = removalOf(change)
      const before = known.get(key)
      // A slice that moved to another service leaves the old one.
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(removal)) changes.push(before)
      if (type === 'DELETED') known.delete(key)
      else if (removal !== undefined) known.set(key, removal)
      listed?.add(key)
      if (type !== 'DELETED') changes.push(change)
      else if (removal !== undefined) changes.push(removal)
    }
    if (initialEventsEnd === true) {
      for (const [key, removal] of [...known]) {
        if (listed?.has(key) !== false) continue
        known.delete(key)
        changes.push(removal)
      }
      listed = undefined
    }
    deliver(revision, changes, first && initialEventsEnd === true)
    if (initialEventsEnd === true) first = false
  }
  const open = (): void => {
    listed = new Set()
    watch = client.watch(kind, { sendInitialEvents: true })
    watch.on(take, error => {
      if (error === undefined) return
      env.logger.warn({ error, kind: kind.kind }, 'the registry feed lost its watch and opens another')
      cancelReopen = env.clock.after(reopenMs, open)
    })
  }
  open()
  return () => {
    cancelReopen()
    watch?.close()
  }
}

/** What undoes a change that puts something in. */
function removalOf(change: RegistryChange): readonly RegistryChange[] {
  if (change.op === 'set-service') {
    return [{ op: 'delete-service', service: `${change.service.namespace}/${change.service.name}` }]
  }
  return change.op === 'set-endpoints'
    ? [{ op: 'delete-endpoints', service: change.service, slice: change.slice }]
    : []
}

function serviceChange({ metadata, spec }: Service): RegistryChange {
  const { mode = 'vip', clusterIPs = [], externalName, backends } = spec
  const service: RegisteredService = {
    ...{
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      mode,
      vips: mode === 'vip' ? clusterIPs : [],
    },
    ports: (spec.ports ?? []).map(({ name = '', port, protocol = 'TCP' }) => ({ name, port, protocol })),
    ...(mode !== 'external' || externalName === undefined ? {} : { externalName }),
    ...(backends === undefined ? {} : { backends }),
  }
  return { op: 'set-service', service }
}

function sliceChange({ metadata, spec }: EndpointSlice): RegistryChange {
  const service = `${metadata.namespace}/${spec.serviceName}`
  return { op: 'set-endpoints', service, slice: metadata.name, endpoints: spec.endpoints.map(endpointOf) }
}

function endpointOf({ nodeName, conditions, ...rest }: SliceEndpoint): Endpoint {
  const { ready, serving, terminating } = conditions
  return { ...rest, ready, serving, terminating, ...(nodeName === undefined ? {} : { node: nodeName }) }
}
