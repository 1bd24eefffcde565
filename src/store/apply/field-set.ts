import type { FieldType } from '../kind/merge-type.js'
import { UNDECLARED } from '../kind/merge-type.js'
import { elementsOf, fieldIn, fieldNameOf, membersOf } from './members.js'

/** Paths of fields, like `.spec.ports[name="web"].port`. An item of a list counts besides the fields in it. */
export type FieldSet = ReadonlySet<string>

/** Every field of a value: its leaves, its items, its entries of maps, and what is empty. */
export function fieldsOf(value: unknown, type: FieldType): FieldSet {
  const fields = new Set<string>()
  collectFields(value, type, '', fields)
  return fields
}

function collectFields(value: unknown, type: FieldType, path: string, into: Set<string>): void {
  if (value === undefined) return
  const members = membersOf(value, type)
  if (members === undefined || members.byElement.size === 0) {
    if (members === undefined || !type.root) into.add(path)
    return
  }
  for (const [element, member] of members.byElement) {
    if (!member.named) into.add(path + element)
    if (members.shape !== 'set') collectFields(member.value, member.type, path + element, into)
  }
}

/** Those of `fields` that are not in `removed`; `fields` itself when there are none. */
export function without(fields: FieldSet, removed: Iterable<string>): FieldSet {
  let rest: Set<string> | undefined
  for (const path of removed) {
    if (!fields.has(path)) continue
    rest ??= new Set(fields)
    rest.delete(path)
  }
  return rest ?? fields
}

/** `fields` with `added`; `fields` itself when it has them all. */
export function withAll(fields: FieldSet, added: Iterable<string>): FieldSet {
  let all: Set<string> | undefined
  for (const path of added) {
    if (fields.has(path)) continue
    all ??= new Set(fields)
    all.add(path)
  }
  return all ?? fields
}

/**
 * All paths, and the fields of objects above them, which are there for the sake of what is in them. An item of a list
 * or an entry of a map is there for those who own it.
 */
export function withNamedAbove(paths: Iterable<string>, root: FieldType): FieldSet {
  const all = new Set<string>()
  for (const path of paths) {
    all.add(path)
    let type = root
    let at = ''
    for (const element of elementsOf(path)) {
      at += element
      if (at.length === path.length) break
      const name = fieldNameOf(element)
      if (name === undefined) type = type.items ?? UNDECLARED
      else {
        const field = fieldIn(type, name)
        type = field.type
        if (field.named && !type.root) all.add(at)
      }
    }
  }
  return all
}
