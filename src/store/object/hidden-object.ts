import type { StoredObject } from './object.js'

/** What is shown in the place of a secret. */
export const HIDDEN = '(secret)'

/** The object without what its kind keeps secret. */
export function hiddenObject(object: StoredObject): StoredObject {
  const { apiVersion, kind, metadata, status } = object
  const annotations = Object.fromEntries(Object.keys(metadata.annotations).map(key => [key, HIDDEN]))
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, annotations },
    spec: HIDDEN,
    ...(status === undefined ? {} : { status: HIDDEN }),
  }
}
