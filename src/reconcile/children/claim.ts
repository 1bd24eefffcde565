import { InvalidError, isKeelsonError } from '../../core/index.js'
import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type {
  Client,
  Kind,
  LabelSelectorInput,
  Reader,
  StoredObject,
  Transaction,
} from '../../store/index.js'
import { objectFilter, refOf } from '../../store/internal.js'
import { controllerOf, controllerReference } from '../owner-reference.js'

/** What an owner does about an object that it could manage. */
export type ClaimVerdict = 'own' | 'adopt' | 'release' | 'ignore'

/**
 * Decides by the managing owner. One that is being deleted keeps what it has, adopts and releases nothing; what is
 * being deleted is not adopted; owner references do not cross namespaces.
 */
export function claimVerdict(object: StoredObject, owner: StoredObject, matches: boolean): ClaimVerdict {
  const manager = controllerOf(object)
  const isLeaving = owner.metadata.deletionTimestamp !== undefined
  if (manager !== undefined) {
    if (manager.uid !== owner.metadata.uid) return 'ignore'
    if (matches) return 'own'
    return isLeaving ? 'ignore' : 'release'
  }
  if (!matches || isLeaving || object.metadata.deletionTimestamp !== undefined) return 'ignore'
  const { namespace } = owner.metadata
  return namespace === undefined || namespace === object.metadata.namespace ? 'adopt' : 'ignore'
}

/** Who claims what. */
export interface ClaimOptions<Spec, Status> {
  /** The kind of the owner. */
  readonly kind: Kind
  readonly owner: StoredObject
  /** The kind of what is claimed. */
  readonly of: Kind<Spec, Status>
  /** What belongs to the owner by its labels. Not empty: that would claim everything. */
  readonly selector: LabelSelectorInput
}

/** What a claim came to. */
export interface Claim<Spec, Status> {
  /** What the owner manages now, in key order. */
  readonly owned: readonly StoredObject<Spec, Status>[]
  readonly adopted: readonly StoredObject<Spec, Status>[]
  /** As they were before. */
  readonly released: readonly StoredObject<Spec, Status>[]
}

const CLAIM_OPTIONS = /* @__PURE__ */ knownOptions<ClaimOptions<unknown, unknown>>('claim', {
  kind: true,
  owner: true,
  of: true,
  selector: true,
})

/**
 * Adopts what matches the selector and has no managing owner, and releases what no longer matches.
 *
 * Guarantees: all changes in one transaction, in which the owner is read again; when it is gone, replaced or being
 * deleted by then, nothing is adopted. Without anything to change nothing is written. An object that is gone, or
 * whose change is refused as invalid or forbidden, is left as it is and not in the result.
 *
 * @throws InvalidError for an empty selector, BadRequestError for one that cannot be understood
 */
export async function claim<Spec, Status>(
  client: Client,
  options: ClaimOptions<Spec, Status>,
): Promise<Claim<Spec, Status>> {
  assertKnown(options, CLAIM_OPTIONS)
  const matches = selectorTest(options)
  const before = judge(client, options, matches)
  if (before.adopt.length === 0 && before.release.length === 0)
    return { owned: before.own, adopted: [], released: [] }
  return client.transact(tx => {
    const owner = tx.get(options.kind, refOf(options.owner))
    const present = owner?.metadata.uid === options.owner.metadata.uid ? owner : undefined
    if (present === undefined) return { owned: [], adopted: [], released: [] }
    const now = judge(tx, { ...options, owner: present }, matches)
    const adopted = now.adopt.flatMap(object => change(tx, options, object, true))
    const released = now.release.filter(object => change(tx, options, object, false).length > 0)
    const owned = [...now.own, ...adopted].sort(byName)
    return { owned, adopted, released }
  })
}

interface Judged<Spec, Status> {
  readonly own: StoredObject<Spec, Status>[]
  readonly adopt: StoredObject<Spec, Status>[]
  readonly release: StoredObject<Spec, Status>[]
}

function judge<Spec, Status>(
  reader: Pick<Reader, 'list'>,
  { owner, of }: ClaimOptions<Spec, Status>,
  matches: (object: StoredObject) => boolean,
): Judged<Spec, Status> {
  const { namespace } = owner.metadata
  const found: Judged<Spec, Status> = { own: [], adopt: [], release: [] }
  const { items } = reader.list(of, namespace === undefined || !of.namespaced ? {} : { namespace })
  for (const object of items) {
    const verdict = claimVerdict(object, owner, matches(object))
    if (verdict !== 'ignore') found[verdict].push(object)
  }
  return found
}

/** The object with or without the owner among its references; nothing when that is not possible. */
function change<Spec, Status>(
  tx: Transaction,
  { kind, owner, of }: ClaimOptions<Spec, Status>,
  object: StoredObject<Spec, Status>,
  isAdopted: boolean,
): readonly StoredObject<Spec, Status>[] {
  try {
    const changed = tx.modify(of, refOf(object), draft => {
      const others = draft.metadata.ownerReferences.filter(({ uid }) => uid !== owner.metadata.uid)
      draft.metadata.ownerReferences = isAdopted ? [...others, controllerReference(kind, owner)] : others
    })
    return [changed]
  } catch (error) {
    if (isKeelsonError(error, 'NotFound', 'Invalid', 'Forbidden')) return []
    throw error
  }
}

function selectorTest<Spec, Status>({
  of,
  selector,
}: ClaimOptions<Spec, Status>): (object: StoredObject) => boolean {
  const isEmptyText = typeof selector === 'string' && selector.trim() === ''
  const isEmptyObject =
    typeof selector === 'object' &&
    ('matches' in selector ? selector.empty : Object.values(selector).every(part => isEmpty(part)))
  if (isEmptyText || isEmptyObject) {
    const message = 'must not be empty: it would claim every object'
    throw new InvalidError('a claim', [{ field: 'selector', value: selector, message }])
  }
  return objectFilter(of, { labelSelector: selector })
}

function isEmpty(part: unknown): boolean {
  return part === undefined || (typeof part === 'object' && part !== null && Object.keys(part).length === 0)
}

function byName(a: StoredObject, b: StoredObject): number {
  return compareText(a.metadata.name, b.metadata.name)
}
