import type { Kind, OwnerReference, StoredObject } from '../store/index.js'

/**
 * The reference that makes `owner` the managing owner of another object, for its `metadata.ownerReferences`.
 * A foreground deletion of the owner waits for that object.
 */
export function controllerReference(kind: Kind, owner: StoredObject): OwnerReference {
  const { name, uid } = owner.metadata
  return {
    apiVersion: kind.apiVersion,
    kind: kind.kind,
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  }
}

/** The reference to the managing owner, if the object has one. */
export function controllerOf(object: StoredObject): OwnerReference | undefined {
  return object.metadata.ownerReferences.find(reference => reference.controller === true)
}

/** True when `owner` is the managing owner; a namesake with another uid is not. */
export function isControlledBy(object: StoredObject, owner: StoredObject): boolean {
  return controllerOf(object)?.uid === owner.metadata.uid
}

/** True when what `reference` names is of `kind`, in whatever version: versions of one group share their objects. */
export function refersToKind(
  { apiVersion, kind }: OwnerReference,
  { apiVersion: version, kind: name }: Kind,
): boolean {
  return kind === name && groupOf(apiVersion) === groupOf(version)
}

/** `apps` of `apps/v1`; the group of `v1` is empty. */
function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash === -1 ? '' : apiVersion.slice(0, slash)
}
