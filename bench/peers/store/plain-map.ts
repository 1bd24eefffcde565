import type { OpenPeer, PodInput } from './peer.js'
import { keyOf } from './peer.js'

/**
 * The floor: a map of frozen copies, a set of keys for each label value and a loop over callbacks. No checks, no
 * history, no order; what is left is the machine.
 */
export const open: OpenPeer = () => {
  const pods = new Map<string, PodInput>()
  const byApp = new Map<string, Set<string>>()
  const listeners: ((event: unknown) => void)[] = []
  const put = (pod: PodInput): void => {
    const key = keyOf(pod.metadata)
    const app = pod.metadata.labels?.['app'] as string
    const keys = byApp.get(app) ?? new Set()
    byApp.set(app, keys.add(key))
    const copy = frozenCopy(pod) as PodInput
    pods.set(key, copy)
    for (const listener of listeners) listener(copy)
  }
  return Promise.resolve({
    create: put,
    update: put,
    get: ref => pods.get(keyOf(ref)),
    listByApp: app => [...(byApp.get(app) ?? [])].map(key => pods.get(key)),
    subscribe: listener => listeners.push(listener),
  })
}

function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map(frozenCopy))
  const copy: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) copy[key] = frozenCopy(item)
  return Object.freeze(copy)
}
