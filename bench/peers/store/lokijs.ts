import Loki from 'lokijs'
import type { OpenPeer, PodInput } from './peer.js'
import { keyOf } from './peer.js'

/** lokijs: a unique key and a binary index; documents are kept as they are given. */
export const open: OpenPeer = () => {
  const pods = new Loki('bench').addCollection<Record<string, unknown>>('pods', {
    unique: ['key'],
    indices: ['app'],
  })
  const document = (pod: PodInput): Record<string, unknown> => ({
    key: keyOf(pod.metadata),
    app: pod.metadata.labels?.['app'],
    ...pod,
  })
  return Promise.resolve({
    create: pod => pods.insert(document(pod)),
    update: pod => {
      const { $loki, meta } = pods.by('key', keyOf(pod.metadata)) as Record<string, unknown>
      pods.update({ ...document(pod), $loki, meta })
    },
    get: ref => pods.by('key', keyOf(ref)),
    listByApp: app => pods.find({ app }),
    subscribe: listener => {
      pods.on('update', listener)
    },
  })
}
