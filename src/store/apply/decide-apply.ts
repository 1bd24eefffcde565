import type { FieldType } from '../kind/merge-type.js'
import type { ManagedFields } from '../object/object.js'
import { withoutNulls } from './applied-nulls.js'
import type { ApplyConflict } from './apply-conflict-error.js'
import type { FieldChange, FieldChanges } from './compare-fields.js'
import { compareFields } from './compare-fields.js'
import type { FieldSet } from './field-set.js'
import { fieldsOf, withAll, withNamedAbove } from './field-set.js'
import { membersOf } from './members.js'
import { mergeFields } from './merge-fields.js'
import type { Owner, OwnerId } from './owners.js'
import { sameOwner, takeFrom, withOwner, writeOwners } from './owners.js'
import { pruneFields } from './prune-fields.js'

/** What is applied by whom to what. */
export interface Application {
  readonly type: FieldType
  /** The document as it is. */
  readonly current: unknown
  /** What the manager wants to be there; null for what it wants to be gone. */
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
 * Server-side apply, by the rules of Kubernetes' structured-merge-diff. The document gets what is applied; what the
 * manager applied before and does not any more goes, unless somebody else owns it too; a field that is owned by others
 * and would change is a conflict. Equal values are owned by all who apply them.
 *
 * Who owns a field of an object has it stay, with the objects around it. An item of a list or an entry of a map stays
 * for those who own it, not for those who own something in it. A null is not kept: a field that is merged as one goes,
 * in a conflict with others who own it, and of a field with parts goes what nobody else owns.
 */
export function decideApply(application: Application): ApplyDecision {
  const { type, current, by, force } = application
  const { wanted, nulls } = withoutNulls(application.applied, type)
  const { owners, previous } = adopted(application)
  const fields = fieldsOf(wanted, type)
  const others = owners.filter(owner => !sameOwner(owner, by))
  const merged = mergeFields(current, wanted, type)
  const ended = indivisible(nulls, current, { type, others })
  const document = pruneFields(merged, type, {
    removed: withAll(givenUp(previous, fields, others, type), ended.keys()),
    kept: others.reduce<FieldSet>((all, owner) => withAll(all, owner.fields), fields),
  })
  const changes = compareFields(current, document, type)
  const conflicts = force ? [] : conflictsOf(others, changes, ended)
  if (conflicts.length > 0) return { kind: 'conflicts', conflicts }
  const left = takeFrom(owners, by, [...changes.changed.keys(), ...changes.removed])
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
function givenUp(previous: FieldSet, fields: FieldSet, others: readonly Owner[], type: FieldType): FieldSet {
  const gone = [...previous].filter(path => !fields.has(path))
  if (gone.length === 0) return new Set()
  const wanted = withNamedAbove([...fields, ...others.flatMap(owner => [...owner.fields])], type)
  return new Set([...withNamedAbove(gone, type)].filter(path => !wanted.has(path)))
}

/**
 * Those of the paths under which there is a value without parts, and how it changes when it goes. What has only lost
 * its parts stays for those who own it: it is what an apply of the same null has left of it.
 */
function indivisible(
  paths: readonly string[],
  current: unknown,
  { type, others }: { readonly type: FieldType; readonly others: readonly Owner[] },
): ReadonlyMap<string, FieldChange> {
  const found = new Map<string, FieldChange>()
  if (paths.length === 0) return found
  const sought = new Set(paths)
  const visit = (value: unknown, at: FieldType, path: string): void => {
    const members = membersOf(value, at)
    const isWhole =
      members === undefined ||
      (members.byElement.size === 0 && !others.some(({ fields }) => fields.has(path)))
    if (isWhole && !at.root && sought.has(path)) found.set(path, { before: value, after: undefined })
    for (const [element, member] of members?.byElement ?? []) visit(member.value, member.type, path + element)
  }
  visit(current, type, '')
  return found
}

function conflictsOf(
  others: readonly Owner[],
  { changed, displaced }: FieldChanges,
  ended: ReadonlyMap<string, FieldChange>,
): readonly ApplyConflict[] {
  const conflicts: ApplyConflict[] = []
  for (const { manager, operation, fields } of others) {
    for (const changes of [changed, displaced, ended]) {
      for (const [path, { before, after }] of changes) {
        if (!fields.has(path)) continue
        conflicts.push({ manager, operation, path: path.replace(/^\./, ''), current: before, applied: after })
      }
    }
  }
  return conflicts
}
