import type { KubernetesObject, Watch } from '@kubernetes/client-node'
import { ListWatch } from '@kubernetes/client-node'
import type { OpenCachePeer } from '../../rows/cache.js'

type Tell = (phase: string, object: KubernetesObject) => void

/** The informer of the JavaScript client, with a server that is a function call away. */
export const open: OpenCachePeer = async objects => {
  let tell: Tell = () => {}
  const watch = {
    watch: (_path: string, _query: unknown, callback: Tell) => {
      tell = callback
      return Promise.resolve(new AbortController())
    },
  } as unknown as Watch
  const list = { metadata: { resourceVersion: '0' }, items: [...objects] as unknown as KubernetesObject[] }
  const informer = new ListWatch('/widgets', watch, () => Promise.resolve(list) as never, false)
  await informer.start()
  return object => tell('MODIFIED', object as unknown as KubernetesObject)
}
