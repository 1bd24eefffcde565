import type { FieldType } from '../kind/merge-type.js'
import type { FieldSet } from './field-set.js'
import type { Member } from './members.js'
import { membersOf } from './members.js'
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
  return pruning.removed.size === 0 ? value : prune(value, { type, path: '', keys: [] }, pruning)
}

interface Place {
  readonly type: FieldType
  readonly path: string
  /** Fields of this value that tell it from its neighbours. */
  readonly keys: readonly string[]
}

function prune(value: unknown, { type, path, keys }: Place, pruning: Pruning): unknown {
  const members = membersOf(value, type)
  if (members === undefined) return value
  const left: Member[] = []
  let changed = false
  for (const [element, member] of members.byElement) {
    const at = path + element
    const key = members.shape === 'fields' && keys.includes(member.name)
    const gone = !key && pruning.removed.has(at)
    const after = gone
      ? undefined
      : prune(member.value, { type: member.type, path: at, keys: members.keys }, pruning)
    if (after !== member.value) changed = true
    if (after !== undefined) left.push({ ...member, value: after })
  }
  if (!changed) return value
  if (left.length === 0 && !type.root && !pruning.kept.has(path)) return undefined
  return assemble(members.shape, left)
}
