import { makePod } from '../objects/pod.js'
import type { BareClient } from '../peers/etcd/bare-client.js'

/** Updates pods in etcd, one at a time for each caller. */
export interface BareUpdates {
  put(index: number): Promise<void>
}

/**
 * What a program does that keeps objects in etcd without a store: a transaction with one compare and one put, of the same size
 * as the store's; a watch, whose objects are parsed, frozen and kept in a `Map`; a write is done when the watch has told it. It
 * knows each revision already, makes the new object from a template by hand, and checks nothing.
 */
export async function bareUpdates(client: BareClient, size: number): Promise<BareUpdates> {
  const pods = Array.from({ length: size }, (_, index) => makePod(index))
  const keyOf = (at: number): string => `/bare/objects/v1/Pod/default/${at}`
  const revisions = await Promise.all(
    pods.map(async (pod, at) => {
      const { header } = await client.txn([], [{ put: keyOf(at), value: JSON.stringify(pod) }])
      return header.revision
    }),
  )
  const nextText = (at: number, priority: number): string => {
    const pod = pods[at] as (typeof pods)[number]
    return JSON.stringify({ ...pod, spec: { ...pod.spec, priority } })
  }
  const objects = new Map<string, unknown>()
  const waiting = new Map<number, () => void>()
  let newest = Math.max(...revisions)
  await client.watch(
    { key: '/bare/', end: '/bare0', startRevision: newest + 1 },
    function answered({ events }) {
      for (const { kv } of events) {
        objects.set(kv.key, frozen(JSON.parse(Buffer.from(kv.value).toString('utf8'))))
        newest = kv.modRevision
        waiting.get(newest)?.()
        waiting.delete(newest)
      }
    },
  )
  return {
    put: async index => {
      const at = index % size
      const key = keyOf(at)
      const { succeeded, header } = await client.txn(
        [{ key, modRevision: revisions[at] ?? 0 }],
        [{ put: key, value: nextText(at, index) }],
      )
      if (!succeeded) throw new Error(`${key} was changed by somebody else`)
      const { revision } = header
      revisions[at] = revision
      if (revision > newest) await new Promise<void>(resolve => void waiting.set(revision, resolve))
    },
  }
}

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const key in value) frozen((value as Readonly<Record<string, unknown>>)[key])
  return Object.freeze(value)
}
