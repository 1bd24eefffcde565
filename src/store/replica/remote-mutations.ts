import type { Engine } from '../engine/engine.js'
import { termsOf } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { mutationOf } from '../engine/mutation.js'
import { Version } from '../engine/version.js'
import { shareJson } from '../json/shared-json.js'
import type { StoredObject } from '../object/object.js'
import { refOf } from '../object/object.js'
import { plant } from '../read/fork.js'
import { listObjects } from '../read/list.js'
import { EVERYTHING } from '../read/query.js'
import type { RemoteChange } from './replica-source.js'

/** What the changes mean here. Kinds that this engine does not have, and keys that it never saw, mean nothing. */
export function mutationsOf(engine: Engine, changes: readonly RemoteChange[]): Mutation[] {
  const mutations: Mutation[] = []
  for (const change of changes) {
    const { apiVersion, kind } = 'object' in change ? change.object : change.removed
    const table = engine.tables.named(apiVersion, kind)
    if (table === undefined) continue
    if ('object' in change) {
      mutations.push(written(table, change.object, change.isFrozen))
      continue
    }
    const { namespace, name } = change.removed
    const head = table.find(namespace, name)?.head
    const ref = namespace === undefined ? { name } : { namespace, name }
    if (head?.object !== undefined) mutations.push(mutationOf(table, ref, undefined, head))
  }
  return mutations
}

/** What makes of the engine's objects those of a list, in the order of kinds and keys. */
export function differences(engine: Engine, objects: readonly StoredObject[]): Mutation[] {
  const listed = new Map<KindTable, Map<string, StoredObject>>()
  for (const object of objects) {
    const table = engine.tables.named(object.apiVersion, object.kind)
    if (table === undefined) continue
    const ofTable = listed.get(table) ?? new Map<string, StoredObject>()
    listed.set(table, ofTable.set(keyOf(object), object))
  }
  return engine.tables.all.flatMap(table => {
    const wanted = listed.get(table) ?? new Map<string, StoredObject>()
    const known = new Map(listObjects(table, EVERYTHING, {}).map(object => [keyOf(object), object]))
    const keys = [...new Set([...known.keys(), ...wanted.keys()])].sort()
    return keys.flatMap(key => {
      const before = known.get(key)
      const after = wanted.get(key)
      if (before?.metadata.resourceVersion === after?.metadata.resourceVersion) return []
      if (after !== undefined) return [written(table, after)]
      const { metadata } = before as StoredObject
      const head = table.find(metadata.namespace, metadata.name)?.head
      return [mutationOf(table, refOf(before as StoredObject), undefined, head)]
    })
  })
}

/** Fills an engine that has nothing. What is not known of a version, it has since its own revision. */
export function plantAll(engine: Engine, objects: readonly StoredObject[]): void {
  for (const raw of objects) {
    const table = engine.tables.named(raw.apiVersion, raw.kind)
    if (table === undefined) continue
    const object = shareJson(raw, undefined) as StoredObject
    const { namespace = '', name, resourceVersion } = object.metadata
    const version = new Version(Number(resourceVersion), object, termsOf(table.kind, object), undefined)
    plant(table, { name, space: { name: namespace } }, version)
    engine.quotas?.addObject(table, object)
  }
}

function written(table: KindTable, raw: StoredObject, isFrozen = false): Mutation {
  const { namespace, name } = raw.metadata
  const head = table.find(namespace, name)?.head
  const object = isFrozen ? raw : (shareJson(raw, head?.object) as StoredObject)
  return mutationOf(table, refOf(raw), object, head)
}

/** Sorts as keys do. */
function keyOf({ metadata: { namespace = '', name } }: StoredObject): string {
  return `${namespace}\u0000${name}`
}
