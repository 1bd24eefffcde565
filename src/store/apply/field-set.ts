import type { FieldType } from '../kind/merge-type.js'
import { elementsOf, membersOf } from './members.js'

/** Paths of fields, like `.spec.ports[name="web"].port`. An item of a list counts besides the fields in it. */
export type FieldSet = ReadonlySet<string>

/** Every field of a value: its leaves, its items, and what is empty. */
export function fieldsOf(value: unknown, type: FieldType): FieldSet {
  const fields = new Set<string>()
  collectFields(value, type, '', fields)
  return fields
}

/** As `fieldsOf`, below `path`. */
export function collectFields(value: unknown, type: FieldType, path: string, into: Set<string>): void {
  if (value === undefined) return
  const members = membersOf(value, type)
  if (members === undefined || members.byElement.size === 0) {
    if (members === undefined || !type.root) into.add(path)
    return
  }
  for (const [element, member] of members.byElement) {
    if (members.shape !== 'fields') into.add(path + element)
    if (members.shape !== 'set') collectFields(member.value, member.type, path + element, into)
  }
}

/** Every path at and below `path`, also of what is not a field as long as something is in it. */
export function collectPaths(value: unknown, type: FieldType, path: string, into: Set<string>): void {
  if (value === undefined) return
  into.add(path)
  for (const [element, member] of membersOf(value, type)?.byElement ?? [])
    collectPaths(member.value, member.type, path + element, into)
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

/** All paths, and all paths above them. */
export function withAncestors(fields: Iterable<string>): FieldSet {
  const all = new Set<string>()
  for (const field of fields) {
    let path = ''
    for (const element of elementsOf(field)) {
      path += element
      all.add(path)
    }
  }
  return all
}

/** The value at a path. */
export function valueAt(value: unknown, type: FieldType, path: string): unknown {
  let current: { readonly value: unknown; readonly type: FieldType } | undefined = { value, type }
  for (const element of elementsOf(path))
    current = current && membersOf(current.value, current.type)?.byElement.get(element)
  return current?.value
}
