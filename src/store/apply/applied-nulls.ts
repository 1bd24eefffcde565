import type { FieldType } from '../kind/merge-type.js'
import type { Member } from './members.js'
import { membersOf } from './members.js'
import { assemble } from './merge-fields.js'

/** What somebody applies, and the fields that are to go. */
export interface AppliedDocument {
  /** Without fields that are null. */
  readonly wanted: unknown
  /** Paths of fields that are null. */
  readonly nulls: readonly string[]
}

/** Takes the nulls out of what is applied. A null inside an atomic value is part of that value. */
export function withoutNulls(applied: unknown, type: FieldType): AppliedDocument {
  const nulls: string[] = []
  return { wanted: strip(applied, type, '', nulls), nulls }
}

function strip(value: unknown, type: FieldType, path: string, nulls: string[]): unknown {
  const members = membersOf(value, type)
  if (members === undefined || members.shape === 'set') return value
  const left: Member[] = []
  let changed = false
  for (const [element, member] of members.byElement) {
    if (member.value === null) {
      nulls.push(path + element)
      changed = true
      continue
    }
    const after = strip(member.value, member.type, path + element, nulls)
    if (after !== member.value) changed = true
    left.push({ ...member, value: after })
  }
  return changed ? assemble(members.shape, left) : value
}
