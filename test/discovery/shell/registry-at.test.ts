import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EndpointSlice, Service } from '../../../src/api/index.js'
import type { Registry } from '../../../src/discovery/index.js'
import {
  createRegistry,
  createRegistryFeed,
  kubernetesNames,
  registryAt,
} from '../../../src/discovery/index.js'
import { createWorld } from '../../fixtures/world.js'

const profiles = [kubernetesNames()]
const question = { name: 'web.prod.svc.cluster.local', type: 'A' } as const
const ref = { namespace: 'prod', name: 'web' }
const slice = { namespace: 'prod', name: 'web-1' }

/** What clients see of a registry. */
function seen(registry: Registry): unknown {
  const { answers, rcode } = registry.resolve(question)
  return [registry.revision, rcode, answers, registry.endpoints('prod/web')]
}

test('a registry at a revision is what the one that was fed showed at that revision', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 12 }), async acts => {
      const w = createWorld({ kinds: [Service, EndpointSlice] })
      const registry = createRegistry({ profiles })
      await w.start(createRegistryFeed(registry))
      const then = new Map<number, unknown>()
      for (const act of acts) {
        const hasService = w.store.get(Service, ref) !== undefined
        const hasSlice = w.store.get(EndpointSlice, slice) !== undefined
        if (act === 0 && hasService) await w.store.delete(Service, ref)
        else if (act === 0)
          await w.store.create(Service, { metadata: ref, spec: { mode: 'headless', ports: [{ port: 80 }] } })
        else if (act === 1 && hasSlice) await w.store.delete(EndpointSlice, slice)
        else {
          const conditions = { ready: act !== 2, serving: true, terminating: false }
          const endpoints = [{ id: 'e', addresses: [`10.0.0.${act}`], ports: {}, conditions }]
          const spec = { serviceName: 'web', addressType: 'IPv4', endpoints } as const
          if (hasSlice)
            await w.store.modify(EndpointSlice, slice, draft => void Object.assign(draft.spec, spec))
          else await w.store.create(EndpointSlice, { metadata: slice, spec })
        }
        await w.env.settle()
        then.set(registry.revision, seen(registry))
      }
      for (const [revision, expected] of then) {
        if (revision === 0) continue
        using snapshot = w.store.snapshot(revision)
        expect(seen(registryAt(snapshot, { profiles }))).toEqual(expected)
      }
    }),
    { numRuns: 15 },
  )
})
