import type { OpenPeer, PodInput } from './peer.js'
import { keyOf } from './peer.js'

/**
 * The floor: a map of exact frozen copies that keep what they share with the stored pod, a list of keys for each value
 * of the four labels and of the index, and a loop over callbacks. No checks, no history, no order; what is left is the
 * machine.
 */
export const open: OpenPeer = () => {
  const pods = new Map<string, PodInput>()
  const postings = new Map<string, Map<string, string[]>>()
  const listeners: ((event: unknown) => void)[] = []
  const post = (name: string, value: string, key: string): void => {
    let byValue = postings.get(name)
    if (byValue === undefined) postings.set(name, (byValue = new Map()))
    const keys = byValue.get(value)
    if (keys === undefined) byValue.set(value, [key])
    else keys.push(key)
  }
  const put = (pod: PodInput): void => {
    const key = keyOf(pod.metadata)
    const stored = pods.get(key)
    const copy = frozenCopy(pod, stored) as PodInput
    if (stored === undefined) {
      const { labels = {} } = copy.metadata
      for (const label in labels) post(label, labels[label] as string, key)
      post('node', copy.spec.nodeName, key)
    }
    pods.set(key, copy)
    for (const listener of listeners) listener(copy)
  }
  return Promise.resolve({
    create: put,
    update: put,
    get: ref => pods.get(keyOf(ref)),
    listByApp: app => (postings.get('app')?.get(app) ?? []).map(key => pods.get(key)),
    subscribe: listener => listeners.push(listener),
  })
}

/** What is the very part of the stored value stays it. */
function frozenCopy(value: unknown, stored: unknown): unknown {
  if (typeof value !== 'object' || value === null || value === stored) return value
  if (Array.isArray(value)) {
    const copy = new Array<unknown>(value.length)
    for (let index = 0; index < value.length; index++)
      copy[index] = frozenCopy(value[index], Array.isArray(stored) ? stored[index] : undefined)
    return Object.freeze(copy)
  }
  const source = value as Readonly<Record<string, unknown>>
  const old = stored as Readonly<Record<string, unknown>> | undefined
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(source)) copy[key] = frozenCopy(source[key], old?.[key])
  return Object.freeze(copy)
}
