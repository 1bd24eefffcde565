import { assertKnown, knownOptions } from '../../core/internal.js'
import type { Kind, StoredObject, Transaction } from '../../store/index.js'
import type { ReconcileContext } from '../attempt/reconcile-context.js'
import type { Result } from '../attempt/result.js'
import { requeueAfter } from '../attempt/result.js'
import { createController } from '../controller/controller.js'
import type { Controller } from '../controller/controller-contract.js'
import { withFinalizers } from './with-finalizers.js'

/** How a namespace controller is made. */
export interface NamespaceControllerOptions<Spec, Status> {
  /** Default `namespaces`. */
  readonly name?: string
  /** The kind, without namespaces itself, whose objects are namespaces by their name. */
  readonly for: Kind<Spec, Status>
  /** Every kind whose objects are deleted with their namespace. */
  readonly kinds: readonly Kind[]
  /** Most objects deleted in one attempt of a namespace; a whole number of at least 1. Default 1,000. */
  readonly deletionsMax?: number
}

const NAMESPACE_OPTIONS = /* @__PURE__ */ knownOptions<NamespaceControllerOptions<unknown, unknown>>(
  'createNamespaceController',
  { name: true, for: true, kinds: true, deletionsMax: true },
)

/** Kubernetes asks again after half of the longest time that something said it needs; nothing says so here. */
const STUCK_POLL_MS = 15_000

/**
 * The finalizer that keeps a namespace until it is empty. `createNamespaceController` adds it when it first sees one;
 * a namespace that may be deleted before that, or while the controller is down, is created with it.
 */
export const NAMESPACE_FINALIZER = 'keelson.dev/namespace-content'

/**
 * Deletes everything in a namespace before the namespace goes. Objects held by finalizers are waited for; a deletion
 * that does not end says in the log what is left.
 *
 * Guarantees: a namespace that has {@link NAMESPACE_FINALIZER} never goes while an object of `kinds` is in it. The
 * controller adds it as soon as it sees one; create namespaces with it to close that gap. Nothing keeps others from
 * creating objects in it meanwhile; they are deleted too.
 */
export function createNamespaceController<Spec, Status>(
  options: NamespaceControllerOptions<Spec, Status>,
): Controller {
  assertKnown(options, NAMESPACE_OPTIONS)
  const { for: kind, kinds, name = 'namespaces', deletionsMax = 1_000 } = options
  const inNamespaces = kinds.filter(({ namespaced }) => namespaced)
  const cleanup = (object: StoredObject, ctx: ReconcileContext): Promise<Result | undefined> =>
    empty(object, { kind, inNamespaces, deletionsMax }, ctx)
  return createController({
    name,
    for: kind,
    watches: inNamespaces.map(watched => ({
      kind: watched,
      // What comes late or goes at last; a living namespace has nothing to do for it.
      map: ({ metadata: { namespace = '' } }, reader) =>
        reader.get(kind, { name: namespace })?.metadata.deletionTimestamp === undefined
          ? []
          : [{ name: namespace }],
    })),
    reconcile: withFinalizers(kind, [{ name: NAMESPACE_FINALIZER, cleanup }], () => {}),
  })
}

/** What is emptied. */
interface Namespaces {
  readonly kind: Kind
  readonly inNamespaces: readonly Kind[]
  readonly deletionsMax: number
}

/**
 * Deletes what is left. When nothing is, the finalizer goes in the same transaction, so that nothing can come in between;
 * then undefined.
 */
async function empty(
  { metadata: { name: namespace, uid } }: StoredObject,
  { kind: namespaces, inNamespaces, deletionsMax }: Namespaces,
  { client, logger }: ReconcileContext,
): Promise<Result | undefined> {
  const { deleted, held } = await client.transact(tx => {
    let count = 0
    const waiting: string[] = []
    for (const kind of inNamespaces) {
      for (const { metadata } of someOf(tx, kind, namespace, deletionsMax)) {
        if (metadata.deletionTimestamp !== undefined) waiting.push(`${kind.kind} ${metadata.name}`)
        else if (count < deletionsMax) {
          tx.delete(kind, metadata, { propagationPolicy: 'Background' })
          count += 1
        }
      }
    }
    if (count === 0 && waiting.length === 0) release(tx, namespaces, { name: namespace, uid })
    return { deleted: count, held: waiting }
  })
  if (deleted > 0) return requeueAfter(0)
  if (held.length === 0) return undefined
  logger.info(
    { namespace, held: held.length, first: held.slice(0, 5) },
    'a namespace waits for what is in it',
  )
  return requeueAfter(STUCK_POLL_MS)
}

function release(
  tx: Transaction,
  kind: Kind,
  { name, uid }: { readonly name: string; readonly uid: string },
): void {
  if (tx.get(kind, { name })?.metadata.uid !== uid) return
  tx.modify(kind, { name }, draft => {
    draft.metadata.finalizers = draft.metadata.finalizers.filter(known => known !== NAMESPACE_FINALIZER)
  })
}

/** A page, which is enough when there is something to delete on it; else all. */
function someOf(tx: Transaction, kind: Kind, namespace: string, limit: number): readonly StoredObject[] {
  const page = tx.list(kind, { namespace, limit })
  const isEnough = page.continue === undefined || page.items.some(item => !item.metadata.deletionTimestamp)
  return isEnough ? page.items : tx.list(kind, { namespace }).items
}
