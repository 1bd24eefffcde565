import { createIndexes, createStore } from 'tinybase'
import type { OpenPeer, PodInput } from './peer.js'
import { keyOf } from './peer.js'

/** tinybase: cells hold scalars, so a pod is kept as text beside its label, and parsed when it is read. */
export const open: OpenPeer = () => {
  const store = createStore()
  const indexes = createIndexes(store).setIndexDefinition('app', 'pods', 'app')
  const put = (pod: PodInput): unknown =>
    store.setRow('pods', keyOf(pod.metadata), {
      app: pod.metadata.labels?.['app'] as string,
      json: JSON.stringify(pod),
    })
  const get = (key: string): unknown => JSON.parse(store.getCell('pods', key, 'json') as string)
  return Promise.resolve({
    create: put,
    update: put,
    get: ref => get(keyOf(ref)),
    listByApp: app => indexes.getSliceRowIds('app', app).map(get),
    subscribe: listener => {
      store.addRowListener('pods', null, (_store, _table, row) => listener(row))
    },
  })
}
