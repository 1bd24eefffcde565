import { EndpointSlice, Service } from '../../api/index.js'
import { silentLogger } from '../../core/index.js'
import type { Snapshot } from '../../store/index.js'
import type { Registry, RegistryOptions } from '../registry/registry.js'
import { createRegistry } from '../registry/registry.js'
import { acceptable, changeOf } from './stored-services.js'

/**
 * A registry as it was at a revision of the store, which its snapshot names: what a name meant and where a service's
 * traffic went then. It costs all services and endpoints once, and follows nothing.
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { EndpointSlice, Service } from 'keelson/api'
 * import { kubernetesNames, registryAt } from 'keelson/discovery'
 * import { createStore } from 'keelson/store'
 *
 * const store = createStore({ kinds: [Service, EndpointSlice] })
 * const spec = { clusterIPs: ['10.96.0.1'], ports: [{ port: 80 }] }
 * await store.create(Service, { metadata: { namespace: 'prod', name: 'web' }, spec })
 * const before = store.revision
 * await store.delete(Service, { namespace: 'prod', name: 'web' })
 *
 * const question = { name: 'web.prod.svc.cluster.local', type: 'A' } as const
 * using snapshot = store.snapshot(before)
 * const then = registryAt(snapshot, { profiles: [kubernetesNames()] })
 * assert.equal(then.resolve(question).rcode, 'NOERROR')
 * const now = registryAt(store.snapshot(), { profiles: [kubernetesNames()] })
 * assert.equal(now.resolve(question).rcode, 'NXDOMAIN')
 * ```
 *
 * @throws UsageError for an unknown option
 */
export function registryAt(snapshot: Snapshot, options: RegistryOptions = {}): Registry {
  const registry = createRegistry(options)
  const { logger = silentLogger } = options
  const objects = [...snapshot.list(Service).items, ...snapshot.list(EndpointSlice).items]
  const changes = objects.map(changeOf).flatMap(change => acceptable(change, registry, logger))
  registry.apply(snapshot.revision, [...changes, { op: 'synced' }])
  return registry
}
