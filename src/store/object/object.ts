/** Points from a dependent to its owner. The owner is identified by `uid`; a namesake with another uid is absent. */
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  /** True for the one owner that manages this object. */
  readonly controller?: boolean
  /** True when a foreground deletion of the owner waits for this object. */
  readonly blockOwnerDeletion?: boolean
}

/** The envelope's metadata, as the store keeps it. */
export interface ObjectMeta {
  readonly name: string
  /** Present exactly when the kind is namespaced. */
  readonly namespace?: string
  /** Unique in time and space; a deleted and recreated name has another uid. */
  readonly uid: string
  /** The revision of the last change, as an opaque decimal string. */
  readonly resourceVersion: string
  /** Starts at 1; grows by one with each change outside metadata and status. */
  readonly generation: number
  /** RFC 3339. */
  readonly creationTimestamp: string
  /** RFC 3339; set while the object waits for its finalizers or its grace period. */
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerReferences: readonly OwnerReference[]
  readonly finalizers: readonly string[]
  /** Who owns which fields; present once somebody has applied, or written with a `fieldManager`. */
  readonly managedFields?: readonly ManagedFields[]
}

/** An object as a store returns it: plain JSON, deeply frozen. */
export interface StoredObject<Spec = unknown, Status = unknown, Name extends string = string> {
  readonly apiVersion: string
  readonly kind: Name
  readonly metadata: ObjectMeta
  readonly spec: Spec
  readonly status?: Status
}

/** Metadata as a caller writes it; the server's fields are filled in or checked. */
export interface ObjectMetaInput {
  /** Either this or `generateName`. */
  readonly name?: string
  /** A prefix; the store appends a random suffix. */
  readonly generateName?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  /** The store's business; an empty list in an update makes it forget the managers. */
  readonly managedFields?: readonly ManagedFields[]
}

/** An object as a caller writes it. A `StoredObject` fits. */
export interface ObjectInput<Spec = unknown, Status = unknown> {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: ObjectMetaInput
  readonly spec: Spec
  readonly status?: Status
}

/** What was done to one object: `before` is absent for one that is new, `after` for one that is gone. */
export interface ObjectChange<T = StoredObject> {
  readonly before?: T | undefined
  readonly after?: T | undefined
}

/** Names one object of a kind. `namespace` is given exactly when the kind is namespaced. */
export interface ObjectRef {
  readonly namespace?: string
  readonly name: string
}

/** Kind, namespace and name: which object an error or a label speaks of. */
export interface ObjectId {
  readonly kind: string
  readonly namespace?: string
  readonly name: string
}

/** The id of a stored object. */
export function idOf({ kind, metadata: { namespace, name } }: StoredObject): ObjectId {
  return namespace === undefined ? { kind, name } : { kind, namespace, name }
}

/** The reference of an object. */
export function refOf({ metadata: { namespace, name } }: StoredObject): ObjectRef {
  return namespace === undefined ? { name } : { namespace, name }
}

/** `namespace/name`, or `name` for a kind without namespaces; no name contains a slash. */
export function refText({ namespace, name }: ObjectRef): string {
  return namespace === undefined ? name : `${namespace}/${name}`
}

/** Kind, namespace and name as one text, `Task/default/web-1` or `Node/n1`: the key of an object in steps and maps. */
export function keyText({ kind, namespace, name }: ObjectId): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`
}

/** `Task default/web-1`, or `Node n1` for a kind without namespaces. */
export function describeObject({ kind, namespace, name }: ObjectId): string {
  return namespace === undefined ? `${kind} ${name}` : `${kind} ${namespace}/${name}`
}

/** The last state of an object that went, under the revision in which it went. */
export function removedObject(object: StoredObject, revision: number): StoredObject {
  const metadata = Object.freeze({ ...object.metadata, resourceVersion: String(revision) })
  return Object.freeze({ ...object, metadata })
}

/** Which fields of an object one manager owns. */
export interface ManagedFields {
  readonly manager: string
  /** `Apply`: the manager said so, and takes them away when it no longer does. `Update`: it has written them. */
  readonly operation: 'Apply' | 'Update'
  /** Set when these are fields of the status, and the kind has a status subresource. */
  readonly subresource?: 'status'
  /** Names of fields, with those inside in braces: `spec{image ports{[name="web"]+{name port}}}`. */
  readonly fields: string
}
