import type { Engine } from '../engine/engine.js'
import type { TableEntry } from '../engine/namespace-table.js'
import { compareEntries, refOfEntry } from '../engine/version.js'
import type { WriteCause } from '../object/write-cause.js'
import { endObject } from '../write/delete-object.js'
import type { WriteTarget } from '../write/write-site.js'
import { Overlay } from './overlay.js'

/**
 * Deletes the objects of these entries in one revision, in the order of the store's kinds, then of keys; as if by a
 * plain delete that no admission hook is asked about.
 */
export function deleteEntries(target: WriteTarget, entries: readonly TableEntry[], cause: WriteCause): void {
  const { engine } = target
  const overlay = new Overlay(target)
  for (const entry of inKeyOrder(engine, entries)) {
    const { table } = entry.space
    const object = overlay.current(table, refOfEntry(entry))
    if (object !== undefined) endObject(overlay, table, object, {})
  }
  const { mutations } = overlay
  if (mutations.length > 0) engine.commit(mutations, cause)
}

function inKeyOrder({ tables: { all } }: Engine, entries: readonly TableEntry[]): readonly TableEntry[] {
  return [...entries].sort(
    (a, b) => all.indexOf(a.space.table) - all.indexOf(b.space.table) || compareEntries(a, b),
  )
}
