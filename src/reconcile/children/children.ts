import { InvalidError, isKeelsonError, KeelsonError, UsageError } from '../../core/index.js'
import type { AppliedObject, Client, Kind, ObjectRef, StoredObject, Transaction } from '../../store/index.js'
import { refOf, refText } from '../../store/internal.js'
import { kindId } from '../object-key.js'
import { controllerReference, isControlledBy } from '../owner-reference.js'
import { slowStart } from './slow-start.js'

/** An object that an owner wants to have, as far as it has an opinion about it. */
export interface DesiredChild {
  readonly kind: Kind
  readonly object: AppliedObject<unknown, unknown>
}

/** A desired child, typed by its kind. It needs `metadata.name`; its namespace is that of the owner. */
export function child<Spec, Status>(
  kind: Kind<Spec, Status>,
  object: Omit<AppliedObject<Spec, Status>, 'status'>,
): DesiredChild {
  return { kind, object }
}

/** What an apply came to: objects as they are now, or were when they were deleted. */
export interface ChildrenReport {
  readonly created: readonly StoredObject[]
  readonly updated: readonly StoredObject[]
  readonly unchanged: readonly StoredObject[]
  readonly deleted: readonly StoredObject[]
  /** Wanted, but their predecessors are still being deleted: their going wakes the owner. */
  readonly waiting: readonly StoredObject[]
}

/** The objects that one owner manages. */
export interface Children {
  /**
   * Makes the children as wanted: creates what is missing, in batches that grow; applies the fields given to what is
   * there, leaving those of others; deletes children of the owned kinds that are no longer wanted, unless `prune` is
   * false. An owner that is gone or being deleted gets none and loses none.
   *
   * Guarantees: only objects whose managing owner this is are changed or deleted; what is as wanted is not written;
   * nothing is deleted when something could not be applied.
   *
   * @throws InvalidError for a child without a name, in another namespace, of a kind not owned, or named twice:
   * nothing is changed then; KeelsonError `AlreadyExists` when the name is taken by an object of another owner;
   * otherwise the first error of a write, after the others were tried
   */
  apply(desired: readonly DesiredChild[], options?: { readonly prune?: boolean }): Promise<ChildrenReport>
}

/** Whose children, and how they are written. */
export interface ChildrenOptions {
  readonly client: Client
  /** The kind of the owner. */
  readonly kind: Kind
  readonly owner: StoredObject | undefined
  /** Kinds of children; those with an index `controller` are found by it. */
  readonly of: readonly Kind[]
  /** Owns the fields that are applied. */
  readonly fieldManager: string
}

/** The children of one object. Costs nothing until it is used. */
export function childrenOf(options: ChildrenOptions): Children {
  return {
    apply: async (desired, { prune = true } = {}) => {
      const { owner } = options
      if (owner === undefined) throw new UsageError('an object that does not exist has no children')
      const wanted = checked(options, owner, desired)
      const report = { created: [], updated: [], unchanged: [], deleted: [], waiting: [] } as Report
      if (owner.metadata.deletionTimestamp !== undefined) return report
      await applyAll(options, owner, wanted, report)
      if (prune) await pruneAll(options, owner, wanted, report)
      return report
    },
  }
}

type Report = { [Part in keyof ChildrenReport]: StoredObject[] }

interface Wanted extends DesiredChild {
  readonly ref: ObjectRef
}

/** By kind and key. */
type WantedById = ReadonlyMap<string, Wanted>

function checked({ of }: ChildrenOptions, owner: StoredObject, desired: readonly DesiredChild[]): WantedById {
  const wanted = new Map<string, Wanted>()
  const problems = desired.flatMap(({ kind, object }, at) => {
    const { name, namespace = owner.metadata.namespace } = object.metadata ?? {}
    const ref =
      namespace === undefined || !kind.namespaced ? { name: name ?? '' } : { namespace, name: name ?? '' }
    const id = idOf(kind, ref)
    const found = (field: string, value: unknown, message: string): readonly Problem[] => [
      { field: `[${at}].${field}`, value, message },
    ]
    if (ref.name === '') return found('metadata.name', name, 'must be given')
    if (!of.includes(kind)) return found('kind', kind.kind, 'must be one of the owned kinds')
    const isForeign =
      kind.namespaced && owner.metadata.namespace !== undefined && namespace !== owner.metadata.namespace
    if (isForeign) return found('metadata.namespace', namespace, 'must be that of the owner')
    if (wanted.has(id)) return found('metadata.name', name, 'must not be there twice')
    wanted.set(id, { kind, object, ref })
    return []
  })
  if (problems.length > 0) throw new InvalidError('the desired children', problems)
  return wanted
}

interface Problem {
  readonly field: string
  readonly value: unknown
  readonly message: string
}

async function applyAll(
  options: ChildrenOptions,
  owner: StoredObject,
  wanted: WantedById,
  report: Report,
): Promise<void> {
  const { client } = options
  const apply = async (one: Wanted): Promise<void> => {
    const { end, object } = await client.transact(tx => applyOne(tx, options, owner, one))
    if (object !== undefined) report[end].push(object)
  }
  const all = [...wanted.values()]
  const isThere = (one: Wanted): boolean => client.get(one.kind, one.ref) !== undefined
  const present = await Promise.allSettled(all.filter(isThere).map(apply))
  const made = await slowStart(
    all.filter(one => !isThere(one)),
    apply,
  )
  const failure = present.find(result => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  if ('error' in made) throw made.error
}

interface AppliedChild {
  readonly end: 'created' | 'updated' | 'unchanged' | 'waiting'
  readonly object: StoredObject | undefined
}

function applyOne(
  tx: Transaction,
  { kind: ownerKind, fieldManager }: ChildrenOptions,
  owner: StoredObject,
  { kind, object, ref }: Wanted,
): AppliedChild {
  const now = tx.get(ownerKind, refOf(owner))
  const isOwner = now?.metadata.uid === owner.metadata.uid && now.metadata.deletionTimestamp === undefined
  const before = tx.get(kind, ref)
  if (!isOwner) return { end: 'unchanged', object: before }
  if (before?.metadata.deletionTimestamp !== undefined) return { end: 'waiting', object: before }
  if (before !== undefined && !isControlledBy(before, owner)) throw takenBy(kind, ref)
  const metadata = { ...object.metadata, ...ref, ownerReferences: [controllerReference(ownerKind, owner)] }
  const after = tx.patch(kind, ref, { ...object, metadata }, { type: 'apply', fieldManager, force: true })
  if (before === undefined) return { end: 'created', object: after }
  const isSame = before.metadata.resourceVersion === after.metadata.resourceVersion
  return { end: isSame ? 'unchanged' : 'updated', object: after }
}

function takenBy(kind: Kind, ref: ObjectRef): KeelsonError {
  const message = `${kind.kind} ${refText(ref)} exists and has another managing owner or none; claim it, or choose another name`
  return new KeelsonError({ code: 'AlreadyExists', message, details: { kind: kind.kind, ...ref } })
}

/** What is found is looked at again in the delete, by its uid. */
async function pruneAll(
  { client, of }: ChildrenOptions,
  owner: StoredObject,
  wanted: WantedById,
  report: Report,
): Promise<void> {
  for (const kind of of) {
    for (const object of managedBy(client, kind, owner)) {
      const { uid, deletionTimestamp } = object.metadata
      if (deletionTimestamp !== undefined || wanted.has(idOf(kind, refOf(object)))) continue
      try {
        report.deleted.push(await client.delete(kind, refOf(object), { preconditions: { uid } }))
      } catch (error) {
        // It went, or made room for another, since it was listed.
        if (!isKeelsonError(error, 'NotFound', 'Conflict')) throw error
      }
    }
  }
}

function managedBy(client: Client, kind: Kind, owner: StoredObject): readonly StoredObject[] {
  const { namespace, uid } = owner.metadata
  const options = {
    ...(namespace === undefined || !kind.namespaced ? {} : { namespace }),
    ...(Object.hasOwn(kind.indexes, 'controller') ? { index: { name: 'controller', value: uid } } : {}),
  }
  return client.list(kind, options).items.filter(object => isControlledBy(object, owner))
}

function idOf(kind: Kind, ref: ObjectRef): string {
  return `${kindId(kind)}/${refText(ref)}`
}
