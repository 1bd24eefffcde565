import type { Env } from '../../core/index.js'
import { Engine } from '../engine/engine.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Entry } from '../engine/version.js'
import { Version, versionAt } from '../engine/version.js'
import type { StoredObject } from '../object/object.js'
import { listObjects } from './list.js'
import { EVERYTHING } from './query.js'

/** A second engine that begins with what `engine` had at `revision`. Objects are shared, places are not. */
export function forkEngine(engine: Engine, revision: number, env: Env): Engine {
  const fork = new Engine({
    ...engine.options,
    env,
    start: revision,
    incarnation: engine.forkIncarnation(),
  })
  for (const table of engine.tables.all) {
    const copy = fork.table(table.kind)
    for (const { metadata } of listObjects(table, EVERYTHING, { revision })) {
      const entry = table.find(metadata.namespace, metadata.name) as Entry
      const version = versionAt(entry, revision) as Version
      plant(copy, entry, version)
      fork.quotas?.addObject(copy, version.object as StoredObject)
    }
  }
  return fork
}

/** Puts a version where there is nothing. */
export function plant(table: KindTable, { name, space }: Omit<Entry, 'head'>, source: Version): void {
  const { revision, object, terms } = source
  const entry = table.open(space.name, name)
  // Made as its own successor, it keeps what it knows of its two halves.
  const version = new Version(revision, object, terms, source)
  version.previous = undefined
  entry.advance(version)
  entry.space.order.insert(entry)
  table.post(entry, undefined, version)
}
