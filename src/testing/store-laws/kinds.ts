import type { Kind, ObjectInput, ObjectRef, StoredObject } from '../../store/index.js'
import { defineKind } from '../../store/index.js'

export interface WidgetSpec {
  readonly size?: number
  readonly node?: string
  readonly tags?: readonly string[]
}

export interface WidgetStatus {
  readonly ready?: number
}

export type WidgetObject = StoredObject<WidgetSpec, WidgetStatus>

/** In namespaces, with a schema, indexes, three of them ordered, and a status of its own. */
export const Widget: Kind<WidgetSpec, WidgetStatus> = /* @__PURE__ */ defineKind<WidgetSpec, WidgetStatus>({
  apiVersion: 'laws/v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
  schema: {
    properties: {
      spec: { type: 'object', properties: { size: { type: 'integer', minimum: 0, default: 1 } } },
    },
  },
  indexes: {
    node: widget => widget.spec.node,
    tag: widget => widget.spec.tags,
    place: ({ spec: { node, size } }) =>
      node === undefined || size === undefined ? undefined : [[node, size]],
    size: widget => widget.spec.size,
  },
  orderedIndexes: ['tag', 'place', 'size'],
})

/** Without namespaces, without a schema; its status is an ordinary field. */
export const Gadget: Kind<WidgetSpec, WidgetStatus> = /* @__PURE__ */ defineKind<WidgetSpec, WidgetStatus>({
  apiVersion: 'laws/v1',
  kind: 'Gadget',
  plural: 'gadgets',
  namespaced: false,
  statusSubresource: false,
})

/** Deleted gracefully; at most one per node; its tags are for ever. */
export const Sprocket: Kind<WidgetSpec, WidgetStatus> = /* @__PURE__ */ defineKind<WidgetSpec, WidgetStatus>({
  apiVersion: 'laws/v1',
  kind: 'Sprocket',
  plural: 'sprockets',
  namespaced: true,
  gracePeriodSeconds: 30,
  indexes: { node: sprocket => sprocket.spec.node },
  uniqueIndexes: ['node'],
  immutable: ['spec.tags'],
})

export const LAW_KINDS: readonly Kind[] = [Widget, Gadget, Sprocket]

export function refOf(name: string, namespace = 'default'): ObjectRef {
  return { namespace, name }
}

/** A widget as a writer gives it. */
export function widget(name: string, spec: WidgetSpec = {}, metadata: object = {}): ObjectInput<WidgetSpec> {
  return { metadata: { namespace: 'default', name, ...metadata }, spec }
}

export function gadget(name: string, spec: WidgetSpec = {}): ObjectInput<WidgetSpec, WidgetStatus> {
  return { metadata: { name }, spec }
}
