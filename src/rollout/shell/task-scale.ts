import type { Task } from '../../api/index.js'
import { isKeelsonError } from '../../core/index.js'
import { controllerOf } from '../../reconcile/index.js'
import type { Kind, ObjectRef, OwnerReference, Reader, StoredObject } from '../../store/index.js'

/** What tasks are wanted, as their owners say. */
export interface TaskScale {
  readonly expected: number
  /** The owners that were asked, whose changes change the answer. */
  readonly owners: readonly { readonly kind: Kind; readonly ref: ObjectRef }[]
}

/**
 * How many tasks are wanted where these are. The managing owners are followed upwards as far as `kinds` are known; the
 * topmost that says a number, in `spec.replicas`, `status.desiredNumberScheduled` or
 * `status.desiredTasks`, counts once for all its tasks. A
 * task without such an owner counts as one.
 */
export function scaleOf(reader: Reader, tasks: readonly Task[], kinds: readonly Kind[]): TaskScale {
  const owners = new Map<string, { readonly kind: Kind; readonly ref: ObjectRef }>()
  const scales = new Map<string, Scale | undefined>()
  const scaleAbove = (object: StoredObject): Scale | undefined => {
    const owner = controllerOf(object)
    if (owner === undefined) return undefined
    if (scales.has(owner.uid)) return scales.get(owner.uid)
    const found = ownerOf(reader, object, owner, kinds)
    if (found !== undefined) owners.set(owner.uid, { kind: found.kind, ref: found.object.metadata })
    const scale = found === undefined ? undefined : (scaleAbove(found.object) ?? ownScale(found.object))
    scales.set(owner.uid, scale)
    return scale
  }
  const counted = new Map<string, number>()
  for (const task of tasks) {
    const { uid, replicas } = scaleAbove(task) ?? { uid: task.metadata.uid, replicas: 1 }
    counted.set(uid, replicas)
  }
  let expected = 0
  for (const replicas of counted.values()) expected += replicas
  return { expected, owners: [...owners.values()] }
}

interface Scale {
  readonly uid: string
  readonly replicas: number
}

function ownScale({ metadata, spec, status }: StoredObject): Scale | undefined {
  const replicas =
    numberIn(spec, 'replicas') ??
    numberIn(status, 'desiredNumberScheduled') ??
    numberIn(status, 'desiredTasks')
  return replicas === undefined ? undefined : { uid: metadata.uid, replicas }
}

function numberIn(part: unknown, field: string): number | undefined {
  const value: unknown = typeof part === 'object' && part !== null ? Reflect.get(part, field) : undefined
  return Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : undefined
}

function ownerOf(
  reader: Reader,
  { metadata: { namespace } }: StoredObject,
  owner: OwnerReference,
  kinds: readonly Kind[],
): { readonly kind: Kind; readonly object: StoredObject } | undefined {
  const kind = kinds.find(known => known.kind === owner.kind && known.apiVersion === owner.apiVersion)
  if (kind === undefined) return undefined
  try {
    const object = reader.get(
      kind,
      namespace === undefined ? { name: owner.name } : { namespace, name: owner.name },
    )
    return object?.metadata.uid === owner.uid ? { kind, object } : undefined
  } catch (error) {
    // The store does not know the kind.
    if (isKeelsonError(error, 'Usage')) return undefined
    throw error
  }
}
