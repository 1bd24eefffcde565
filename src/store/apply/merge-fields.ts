import { deepEqual } from '../../core/internal.js'
import type { FieldType } from '../kind/merge-type.js'
import type { Members } from './members.js'
import { membersOf } from './members.js'

/** `base` with everything that `over` says. Items keep their order, new ones come last. Shares what is unchanged. */
export function mergeFields(base: unknown, over: unknown, type: FieldType): unknown {
  if (over === undefined || base === over) return base
  if (base === undefined) return over
  const old = membersOf(base, type)
  const young = membersOf(over, type)
  if (old === undefined || old.shape !== young?.shape) return deepEqual(base, over) ? base : over
  return mergeMembers(base, old, young)
}

function mergeMembers(base: unknown, old: Members, young: Members): unknown {
  const merged = new Map<string, { readonly name: string; readonly value: unknown }>(old.byElement)
  let changed = false
  for (const [element, { name, value, type }] of young.byElement) {
    const before = old.byElement.get(element)
    const after = mergeFields(before?.value, value, type)
    if (before !== undefined && after === before.value) continue
    merged.set(element, { name, value: after })
    changed = true
  }
  return changed ? assemble(old.shape, merged.values()) : base
}

/** Puts members together again. */
export function assemble(
  shape: Members['shape'],
  members: Iterable<{ readonly name: string; readonly value: unknown }>,
): unknown {
  if (shape !== 'fields') return Array.from(members, ({ value }) => value)
  const object: Record<string, unknown> = {}
  for (const { name, value } of members) object[name] = value
  return object
}
