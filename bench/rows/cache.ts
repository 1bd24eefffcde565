import type { CacheChanges } from 'keelson/reconcile'
import { createCache } from 'keelson/reconcile'
import type { Kind, StoredObject, WatchBatch } from 'keelson/store'
import { createStore, defineKind } from 'keelson/store'
import { createListeners } from '../../src/core/internal.js'
import { batchProblem, decimalOf } from '../../src/reconcile/cache/batch-check.js'
import { ObjectTable } from '../../src/reconcile/cache/object-table.js'
import type { Measurement } from '../frame/measure.js'
import { collectGarbage, measure } from '../frame/measure.js'
import type { Row, Run } from '../frame/row.js'

const Widget: Kind<{ readonly size: number }> = defineKind({
  apiVersion: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
})

/** Takes events of a watch one after the other, as they come from a server. */
export type OpenCachePeer = (objects: readonly StoredObject[]) => Promise<(object: StoredObject) => void>

/** What a cache does with what its source tells, and what of it is what. */
export const cacheRows: readonly Row[] = [
  {
    name: 'cache',
    title: 'modified objects taken over into a cache of that many, one event each; each batch is checked',
    unit: 'per second',
    sizes: [10_000],
    ours: size => takeOver(size, openOurs),
    peers: { '@kubernetes/client-node': peer('kubernetes-client') },
    atLeast: { '@kubernetes/client-node': 0.6 },
  },
  {
    name: 'cache-unchecked',
    title: 'the same without looking at the form of the batch and at what it follows, as the peer does',
    unit: 'per second',
    sizes: [10_000],
    ours: size => takeOver(size, openTable),
    peers: { '@kubernetes/client-node': peer('kubernetes-client') },
    atLeast: { '@kubernetes/client-node': 1 },
  },
  {
    name: 'cache-check',
    title: 'the look at the form of a batch of one event alone',
    unit: 'ns',
    sizes: [10_000],
    ours: size => takeOver(size, openCheck),
  },
]

function peer(name: string): Run {
  return async size => {
    const { open } = (await import(`../peers/reconcile/${name}.ts`)) as { readonly open: OpenCachePeer }
    return takeOver(size, open)
  }
}

async function takeOver(size: number, open: OpenCachePeer): Promise<Measurement> {
  const store = createStore({ kinds: [Widget] })
  for (let index = 0; index < size; index++)
    await store.create(Widget, { metadata: { namespace: 'default', name: `w${index}` }, spec: { size: 0 } })
  const objects = store.list(Widget).items
  const apply = await open(objects)
  let revision = store.revision
  return measure({
    batch: 100,
    operations: 1_000_000,
    prepare: from => {
      if (from === 0) collectGarbage()
      return Array.from({ length: 100 }, (_, offset) => {
        const object = objects[((from + offset) * 7919) % size] as StoredObject
        revision++
        const metadata = { ...object.metadata, resourceVersion: String(revision) }
        return { ...object, metadata, spec: { size: revision } }
      })
    },
    run: events => {
      for (const object of events) apply(object)
    },
  })
}

const openOurs: OpenCachePeer = async objects => {
  let tell = (_: WatchBatch<StoredObject>): void => {}
  const revision = Math.max(...objects.map(object => Number(object.metadata.resourceVersion)))
  const cache = createCache({
    kinds: [Widget],
    source: {
      list: () => ({ revision, items: objects }),
      open: () => ({
        subscribe: observer => {
          tell = batch => observer.next(batch)
          const events = objects.map(object => event('ADDED', object))
          observer.next({ revision, events, initialEventsEnd: true })
          return { unsubscribe: () => {} }
        },
      }),
    },
  })
  await cache.start(createStore({ kinds: [Widget] }))
  return object =>
    tell({ revision: Number(object.metadata.resourceVersion), events: [event('MODIFIED', object)] })
}

/** Nothing but the table of the objects, and who is told of their changes. */
const openTable: OpenCachePeer = objects => {
  const table = new ObjectTable(Widget, [])
  for (const object of objects) table.add(object, decimalOf(object.metadata.resourceVersion) ?? 0)
  const listeners = createListeners<CacheChanges>({ onError: () => {} })
  return Promise.resolve(object => {
    const version = decimalOf(object.metadata.resourceVersion) ?? 0
    const held = table.find(object.metadata)
    if (held === undefined || held.version >= version) throw new Error('every object is there, and older')
    const before = held.object
    table.replace(held, object, version)
    listeners.emit({ revision: version, changes: [{ before, after: object }] })
  })
}

const openCheck: OpenCachePeer = () =>
  Promise.resolve(object => {
    const batch = { revision: Number(object.metadata.resourceVersion), events: [event('MODIFIED', object)] }
    if (batchProblem(batch, ({ kind }) => kind === Widget.kind) !== undefined)
      throw new Error('it is well formed')
  })

function event(type: 'ADDED' | 'MODIFIED', object: StoredObject): WatchBatch<StoredObject>['events'][number] {
  return { type, object, patch: undefined }
}
