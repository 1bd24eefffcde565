import type { FieldType } from '../kind/merge-type.js'
import type { FieldSet } from './field-set.js'
import type { Member } from './members.js'
import { isKey, membersOf } from './members.js'
import { assemble } from './merge-fields.js'

/** What is to go, and what stays although nothing is left in it. */
export interface Pruning {
  readonly removed: FieldSet
  readonly kept: FieldSet
}

/**
 * The value without the removed fields. What is emptied by that goes too, unless it is kept; the keys of an item stay
 * as long as the item does.
 */
export function pruneFields(value: unknown, type: FieldType, pruning: Pruning): unknown {
  return pruning.removed.size === 0 ? value : prune(value, { type, path: '', list: undefined }, pruning)
}

interface Place {
  readonly type: FieldType
  readonly path: string
  /** The list of which the value is an item. */
  readonly list: FieldType | undefined
}

function prune(value: unknown, { type, path, list }: Place, pruning: Pruning): unknown {
  const members = membersOf(value, type)
  if (members === undefined) return value
  const left: Member[] = []
  let changed = false
  for (const [element, member] of members.byElement) {
    const at = path + element
    const gone = pruning.removed.has(at) && !(list !== undefined && isKey(member, list))
    const place = { type: member.type, path: at, list: members.shape === 'items' ? type : undefined }
    const after = gone ? undefined : prune(member.value, place, pruning)
    if (after !== member.value) changed = true
    if (after !== undefined) left.push({ ...member, value: after })
  }
  if (!changed) return value
  if (left.length === 0 && !type.root && !pruning.kept.has(path)) return undefined
  return assemble(members.shape, left)
}
