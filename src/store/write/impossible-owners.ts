import type { FieldProblem } from '../../core/index.js'
import type { KindTable } from '../engine/kind-table.js'
import type { ObjectRef, OwnerReference } from '../object/object.js'
import type { WriteSite } from './write-site.js'

/** The object that names owners; without a uid before it exists. */
export interface Dependent {
  readonly kind: string
  readonly namespace: string | undefined
  readonly uid: string | undefined
}

/**
 * Faults of references that can never lead to an owner. An owner that does not exist is no such fault: it may
 * have gone a moment ago, and a garbage collector deals with that.
 */
export function impossibleOwners(
  site: WriteSite,
  references: readonly OwnerReference[],
  dependent: Dependent,
): readonly FieldProblem[] {
  const problems: FieldProblem[] = []
  for (const [index, reference] of references.entries()) {
    const field = `metadata.ownerReferences[${index}]`
    const { apiVersion, kind, uid } = reference
    if (uid === dependent.uid) {
      problems.push({ field: `${field}.uid`, value: uid, message: 'is its own; an object cannot own itself' })
      continue
    }
    const table = site.engine.tables.named(apiVersion, kind)
    if (table === undefined) {
      const message = `is no kind of this store in ${apiVersion}; make the store with it`
      problems.push({ field: `${field}.kind`, value: kind, message })
      continue
    }
    const message = scopeFault(site, table, reference, dependent)
    if (message !== undefined) problems.push({ field, value: reference, message })
  }
  return problems
}

function scopeFault(
  site: WriteSite,
  table: KindTable,
  { kind, name, uid }: OwnerReference,
  dependent: Dependent,
): string | undefined {
  if (!table.kind.namespaced) return undefined
  const { namespace } = dependent
  if (namespace === undefined)
    return `names an owner in a namespace; ${dependent.kind} has none, so its owners must have none`
  if (site.current(table, { namespace, name })?.metadata.uid === uid) return undefined
  const elsewhere = namespaceOf(table, name, uid)
  if (elsewhere === undefined || elsewhere === namespace) return undefined
  return `names the ${kind} in namespace ${elsewhere}; an owner must be in the namespace of its dependents`
}

/** Only asked when the owner is not where it should be. */
function namespaceOf(table: KindTable, name: ObjectRef['name'], uid: string): string | undefined {
  let found: string | undefined
  table.order.forEach(space => {
    if (space.get(name)?.head?.object?.metadata.uid === uid) found = space.name
  })
  return found
}
