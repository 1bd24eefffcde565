import { adoptJson } from '../json/json-border.js'
import type { WriterMeta } from './metadata.js'
import type { ManagedFields, ObjectMeta, StoredObject } from './object.js'

/** Spec and status as they would be stored: frozen, parts equal to the previous state shared with it. */
export interface Content {
  readonly spec: unknown
  readonly status: unknown
}

/** Everything about an object that a write can change. Parts are frozen, so identity is equality of versions. */
export interface ObjectParts extends Content, WriterMeta {
  readonly deletionTimestamp: string | undefined
  readonly deletionGracePeriodSeconds: number | undefined
  readonly managedFields: readonly ManagedFields[] | undefined
}

/** Parts from their sources. Written out, because spreading costs more than everything else here. */
export function joinParts(
  { labels, annotations, ownerReferences, finalizers }: WriterMeta,
  { spec, status }: Content,
  carried: Pick<ObjectMeta, 'deletionTimestamp' | 'deletionGracePeriodSeconds' | 'managedFields'> | undefined,
): ObjectParts {
  return {
    labels,
    annotations,
    ownerReferences,
    finalizers,
    deletionTimestamp: carried?.deletionTimestamp,
    deletionGracePeriodSeconds: carried?.deletionGracePeriodSeconds,
    managedFields: carried?.managedFields,
    spec,
    status,
  }
}

/** The parts of a stored object. */
export function partsOf({ metadata, spec, status }: StoredObject): ObjectParts {
  const { labels, annotations, ownerReferences, finalizers } = metadata
  const { deletionTimestamp, deletionGracePeriodSeconds, managedFields } = metadata
  return {
    labels,
    annotations,
    ownerReferences,
    finalizers,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    managedFields,
    spec,
    status,
  }
}

/** True when everything but the status is the very same: metadata of the writer, marks of deletion, spec. */
export function sameSpecPart(a: StoredObject, b: StoredObject): boolean {
  const one = a.metadata
  const other = b.metadata
  return (
    a.spec === b.spec &&
    one.labels === other.labels &&
    one.annotations === other.annotations &&
    one.ownerReferences === other.ownerReferences &&
    one.finalizers === other.finalizers &&
    one.deletionTimestamp === other.deletionTimestamp &&
    one.deletionGracePeriodSeconds === other.deletionGracePeriodSeconds
  )
}

/** True when every part is the very one of `object`. */
export function hasParts(object: StoredObject, parts: ObjectParts): boolean {
  const { metadata } = object
  return (
    object.spec === parts.spec &&
    object.status === parts.status &&
    metadata.labels === parts.labels &&
    metadata.annotations === parts.annotations &&
    metadata.ownerReferences === parts.ownerReferences &&
    metadata.finalizers === parts.finalizers &&
    metadata.deletionTimestamp === parts.deletionTimestamp &&
    metadata.deletionGracePeriodSeconds === parts.deletionGracePeriodSeconds &&
    metadata.managedFields === parts.managedFields
  )
}

/** The same parts, with those equal to parts of `base` replaced by them. */
export function shareParts(parts: ObjectParts, base: StoredObject): ObjectParts {
  const other = partsOf(base)
  const share = <Key extends keyof ObjectParts>(field: Key): ObjectParts[Key] =>
    parts[field] === undefined
      ? parts[field]
      : (adoptJson(parts[field], other[field], { subject: '', field }) as ObjectParts[Key])
  return {
    ...parts,
    labels: share('labels'),
    annotations: share('annotations'),
    ownerReferences: share('ownerReferences'),
    finalizers: share('finalizers'),
    managedFields: share('managedFields'),
    spec: share('spec'),
    status: share('status'),
  }
}

/** What else metadata needs. */
export interface Identity {
  readonly name: string
  readonly namespace: string | undefined
  readonly uid: string
  readonly creationTimestamp: string
  readonly generation: number
}

/** Metadata with no key for what is absent. Whole literals: objects that grow key by key cost twice the memory. */
export function metadataOf(identity: Identity, parts: ObjectParts, revision: number): ObjectMeta {
  const { name, namespace, uid, creationTimestamp, generation } = identity
  const { labels, annotations, ownerReferences, finalizers } = parts
  const resourceVersion = String(revision)
  const meta =
    namespace === undefined
      ? {
          name,
          uid,
          resourceVersion,
          generation,
          creationTimestamp,
          labels,
          annotations,
          ownerReferences,
          finalizers,
        }
      : {
          name,
          namespace,
          uid,
          resourceVersion,
          generation,
          creationTimestamp,
          labels,
          annotations,
          ownerReferences,
          finalizers,
        }
  return withRarities(meta, parts)
}

function withRarities(meta: ObjectMeta, parts: ObjectParts): ObjectMeta {
  const { deletionTimestamp, deletionGracePeriodSeconds, managedFields } = parts
  const whole = managedFields === undefined ? meta : { ...meta, managedFields }
  if (deletionTimestamp === undefined) return whole
  return deletionGracePeriodSeconds === undefined
    ? { ...whole, deletionTimestamp }
    : { ...whole, deletionTimestamp, deletionGracePeriodSeconds }
}

/** The frozen object; absent parts have no key. */
export function sealObject(
  { apiVersion, kind }: Pick<StoredObject, 'apiVersion' | 'kind'>,
  metadata: StoredObject['metadata'],
  { spec, status }: Content,
): StoredObject {
  Object.freeze(metadata)
  // An absent spec is what a caller left out, against its type; then there is no key for it.
  const object =
    status === undefined ? { apiVersion, kind, metadata, spec } : { apiVersion, kind, metadata, spec, status }
  if (spec === undefined) delete (object as { spec?: unknown }).spec
  return Object.freeze(object)
}

/** What decides the generation of the next state. */
export interface GenerationInput {
  readonly spec: unknown
  readonly status: unknown
  readonly deletionTimestamp: string | undefined
}

/**
 * 1 at creation; then one more per revision in which the spec changed or the deletion began. Without a status
 * subresource a change of status counts like one of spec. Unchanged parts are identical, so this costs nothing.
 *
 * @param base the object as committed before this revision
 */
export function nextGeneration(
  base: StoredObject | undefined,
  next: GenerationInput,
  statusSubresource: boolean,
): number {
  if (base === undefined) return 1
  const { generation, deletionTimestamp } = base.metadata
  const changed = next.spec !== base.spec || (!statusSubresource && next.status !== base.status)
  const marked = deletionTimestamp === undefined && next.deletionTimestamp !== undefined
  return changed || marked ? generation + 1 : generation
}
