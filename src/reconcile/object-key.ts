import type { FieldProblem } from '../core/index.js'
import { InvalidError } from '../core/index.js'
import type { Kind, ObjectRef, StoredObject } from '../store/index.js'
import { refText } from '../store/internal.js'

/** The reference of which `id` is the text (`refText`). */
export function refOfId(id: string): ObjectRef {
  const slash = id.indexOf('/')
  return slash === -1 ? { name: id } : { namespace: id.slice(0, slash), name: id.slice(slash + 1) }
}

/** A kind as a text, equal exactly for equal kinds; of an object, that of its kind. */
export function kindId({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): string {
  return `${apiVersion}/${kind}`
}

/** An object as a text, equal exactly for objects of one kind and key. */
export function objectId(object: StoredObject): string {
  return `${kindId(object)}/${refText(object.metadata)}`
}

/** The key of an object: its namespace and name, and no more. The metadata of an object is more, and no key. */
export interface ObjectKey extends ObjectRef {
  readonly uid?: never
  readonly resourceVersion?: never
}

/**
 * What was given as a key of `kind`, from code that may have no types.
 *
 * @param subject who gave it
 * @throws InvalidError unless it is one
 */
export function assertKey(kind: Kind, key: unknown, subject: string): asserts key is ObjectKey {
  const message = keyProblem(kind, key)
  if (message === undefined) return
  const problem: FieldProblem = { field: 'key', value: key, message: `${message} (of ${kind.kind})` }
  throw new InvalidError(subject, [problem])
}

function keyProblem({ namespaced }: Kind, key: unknown): string | undefined {
  const shape = namespaced ? '{ namespace, name }' : '{ name }'
  if (typeof key !== 'object' || key === null) return `must be ${shape}`
  const { name, namespace } = key as Partial<ObjectRef>
  if (typeof name !== 'string' || name === '') return `must be ${shape} with a name`
  if (namespaced && (typeof namespace !== 'string' || namespace === ''))
    return `must be ${shape}, with a namespace`
  if (!namespaced && namespace !== undefined) return `must be ${shape}, without a namespace`
  for (const field in key)
    if (field !== 'name' && field !== 'namespace' && Object.hasOwn(key, field))
      return `must be ${shape} alone, without ${field}`
  return undefined
}
