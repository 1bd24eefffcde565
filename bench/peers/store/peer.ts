import type { ObjectInput } from 'keelson/store'
import type { PodSpec } from '../../objects/pod.js'

/** What a pod is for a peer: plain JSON. */
export type PodInput = ObjectInput<PodSpec>

/** A package that we compare the store with, behind the calls that the rows make. Promises are awaited. */
export interface StorePeer {
  create(pod: PodInput): unknown
  /** Replaces the stored pod of that name. */
  update(pod: PodInput): unknown
  get(ref: { readonly namespace: string; readonly name: string }): unknown
  /** The whole objects with that `app` label, through an index. */
  listByApp(app: string): PromiseLike<readonly unknown[]> | readonly unknown[]
  /** Calls `listener` for every change. */
  subscribe(listener: (event: unknown) => void): void
}

/** What each file beside this one exports as `open`. */
export type OpenPeer = () => Promise<StorePeer>

/** The key under which peers keep a pod. */
export function keyOf({ namespace, name }: { readonly namespace?: string; readonly name?: string }): string {
  return `${namespace}/${name}`
}
