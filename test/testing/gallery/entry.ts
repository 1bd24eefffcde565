import { controllerReference } from '../../../src/reconcile/index.js'
import type { Kind, ObjectInput, StoredObject } from '../../../src/store/index.js'
import { defineKind } from '../../../src/store/index.js'
import type { MakeParts } from '../../../src/testing/index.js'

/** A reconciler with one bug, and the same without it. */
export interface GalleryEntry {
  readonly name: string
  readonly kinds: readonly Kind[]
  readonly objects: readonly ObjectInput[]
  readonly buggy: MakeParts
  readonly correct: MakeParts
}

export interface AppSpec {
  readonly replicas?: number
  readonly ttlMs?: number
}
export type AppStatus = Readonly<Record<string, unknown>>
export interface PodSpec {
  readonly app: string
}
export type App = StoredObject<AppSpec, AppStatus>
export type Pod = StoredObject<PodSpec>

export const App: Kind<AppSpec, AppStatus> = defineKind({
  apiVersion: 'example/v1',
  kind: 'App',
  plural: 'apps',
  namespaced: false,
})
export const Pod: Kind<PodSpec> = defineKind({
  apiVersion: 'v1',
  kind: 'Pod',
  plural: 'pods',
  namespaced: false,
})

/** An app as its user writes it. */
export function app(name: string, spec: AppSpec): ObjectInput<AppSpec, AppStatus> {
  return { kind: 'App', metadata: { name }, spec }
}

/** A pod of `owner`, called `name`, or something random. */
export function podOf(owner: App, name?: string): ObjectInput<PodSpec> {
  const named = name === undefined ? { generateName: `${owner.metadata.name}-` } : { name }
  return {
    metadata: { ...named, ownerReferences: [controllerReference(App, owner)] },
    spec: { app: owner.metadata.name },
  }
}

/** Pods that `owner` has made. */
export function podsOf(owner: App, pods: readonly Pod[]): readonly Pod[] {
  return pods.filter(({ metadata }) => metadata.ownerReferences.some(({ uid }) => uid === owner.metadata.uid))
}
