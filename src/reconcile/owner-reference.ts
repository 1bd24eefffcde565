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
