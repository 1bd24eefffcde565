import { createRxDatabase } from 'rxdb'
import { getRxStorageMemory } from 'rxdb/plugins/storage-memory'
import type { OpenPeer, PodInput } from './peer.js'
import { keyOf } from './peer.js'

const text = { type: 'string', maxLength: 120 } as const

/** rxdb on its memory storage: a primary key and one index. */
export const open: OpenPeer = async () => {
  const database = await createRxDatabase({
    name: 'bench',
    storage: getRxStorageMemory(),
    multiInstance: false,
  })
  const { pods } = await database.addCollections({
    pods: {
      schema: {
        version: 0,
        primaryKey: 'key',
        type: 'object',
        properties: { key: text, app: text, pod: { type: 'object' } },
        required: ['key', 'app', 'pod'],
        indexes: ['app'],
      },
    },
  })
  const document = (pod: PodInput): { key: string; app: string; pod: PodInput } => ({
    key: keyOf(pod.metadata),
    app: pod.metadata.labels?.['app'] as string,
    pod,
  })
  return {
    create: pod => pods.insert(document(pod)),
    update: async pod => {
      const found = await pods.findOne(keyOf(pod.metadata)).exec()
      await found.incrementalPatch({ pod })
    },
    get: ref => pods.findOne(keyOf(ref)).exec(),
    listByApp: app => pods.find({ selector: { app } }).exec(),
    subscribe: listener => {
      pods.$.subscribe(listener)
    },
  }
}
