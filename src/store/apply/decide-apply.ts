import type { FieldType } from '../kind/merge-type.js'
import type { ManagedFields } from '../object/object.js'
import type { ApplyConflict } from './apply-conflict-error.js'
import type { FieldChanges } from './compare-fields.js'
import { compareFields } from './compare-fields.js'
import type { FieldSet } from './field-set.js'
import { fieldsOf, valueAt, withAll, withAncestors } from './field-set.js'
import { mergeFields } from './merge-fields.js'
import type { Owner, OwnerId } from './owners.js'
import { sameOwner, takeFrom, withOwner, writeOwners } from './owners.js'
import { pruneFields } from './prune-fields.js'

/** What is applied by whom to what. */
export interface Application {
  readonly type: FieldType
  /** The document as it is. */
  readonly current: unknown
  /** What the manager wants to be there. */
  readonly applied: unknown
  readonly by: OwnerId
  readonly owners: readonly Owner[]
  /** Takes fields from others instead of a conflict. */
  readonly force: boolean
  /** Managers whose fields become those of this one beforehand. */
  readonly adopt: readonly string[]
}

/** What comes of it. */
export type ApplyDecision =
  | { readonly kind: 'applied'; readonly document: unknown; readonly managedFields: readonly ManagedFields[] }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly ApplyConflict[] }

/**
 * Server-side apply. The document gets what is applied; what the manager applied before and does not any more goes,
 * unless somebody else owns it too; a field that is owned by others and would change is a conflict. Equal values are
 * owned by all who apply them.
 */
export function decideApply(application: Application): ApplyDecision {
  const { type, current, applied, by, force } = application
  const { owners, previous } = adopted(application)
  const fields = fieldsOf(applied, type)
  const others = owners.filter(owner => !sameOwner(owner, by))
  const merged = mergeFields(current, applied, type)
  const document = pruneFields(merged, type, {
    removed: givenUp(previous, fields, others),
    kept: others.reduce<FieldSet>((all, owner) => withAll(all, owner.fields), fields),
  })
  const changes = compareFields(current, document, type)
  const conflicts = force ? [] : conflictsOf(application, others, document, changes)
  if (conflicts.length > 0) return { kind: 'conflicts', conflicts }
  const left = takeFrom(owners, by, changes.changed, changes.removed)
  const managedFields = writeOwners(withOwner(left, owners, { ...by, fields }))
  return { kind: 'applied', document, managedFields }
}

/** The owners without the adopted ones, and what the manager has owned with what they have. */
function adopted({ owners, by, adopt }: Application): {
  readonly owners: readonly Owner[]
  readonly previous: FieldSet
} {
  const isAdopted = (owner: Owner): boolean =>
    !sameOwner(owner, by) && owner.subresource === by.subresource && adopt.includes(owner.manager)
  let previous: FieldSet = owners.find(owner => sameOwner(owner, by))?.fields ?? new Set()
  for (const owner of owners) if (isAdopted(owner)) previous = withAll(previous, owner.fields)
  return { owners: owners.filter(owner => !isAdopted(owner)), previous }
}

/** What nobody wants any more. */
function givenUp(previous: FieldSet, fields: FieldSet, others: readonly Owner[]): FieldSet {
  const gone = [...previous].filter(path => !fields.has(path))
  if (gone.length === 0) return new Set()
  const wanted = withAncestors([...fields, ...others.flatMap(owner => [...owner.fields])])
  return new Set(gone.filter(path => !wanted.has(path)))
}

function conflictsOf(
  { current, type }: Application,
  others: readonly Owner[],
  document: unknown,
  { changed, displaced }: FieldChanges,
): readonly ApplyConflict[] {
  const conflicts: ApplyConflict[] = []
  for (const { manager, operation, fields } of others) {
    for (const path of [...changed, ...displaced]) {
      if (!fields.has(path)) continue
      conflicts.push({
        manager,
        operation,
        path: path.replace(/^\./, ''),
        current: valueAt(current, type, path),
        applied: valueAt(document, type, path),
      })
    }
  }
  return conflicts
}
