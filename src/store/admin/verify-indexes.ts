import type { Engine } from '../engine/engine.js'
import { termsOf } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { LogRecord } from '../engine/revision-log.js'
import type { ObjectId, StoredObject } from '../object/object.js'
import { describeObject, idOf } from '../object/object.js'
import { listObjects } from '../read/list.js'
import { EVERYTHING } from '../read/query.js'

/** Something that is not as it must be. */
export interface StoreProblem {
  readonly object?: ObjectId
  /** What is wrong, for a person. */
  readonly text: string
}

/** Compares a table with its indexes and with the log. Costs all objects of the kind, and the log. */
export function verifyIndexes(engine: Engine, table: KindTable): readonly StoreProblem[] {
  const objects = listObjects(table, EVERYTHING)
  const problems: StoreProblem[] = []
  const byTerm = new Map<string, StoredObject[]>()
  for (const object of objects) {
    const { namespace, name } = object.metadata
    if (table.find(namespace, name)?.head?.object !== object)
      problems.push(problem(object, 'is listed, and is not found under its key'))
    for (const term of termsOf(table.kind, object, undefined))
      byTerm.set(term, [...(byTerm.get(term) ?? []), object])
  }
  if (objects.length !== table.countObjects())
    problems.push({
      text: `${table.kind.kind}: ${objects.length} are listed, ${table.countObjects()} are counted`,
    })
  for (const [term, expected] of byTerm) {
    const listed = new Set(listObjects(table, { ...EVERYTHING, indexTerm: term }))
    for (const object of expected)
      if (!listed.delete(object)) problems.push(problem(object, 'is missing in an index'))
    for (const object of listed)
      problems.push(problem(object, 'is in an index under a value that it has not'))
  }
  return [...problems, ...logProblems(engine, table)]
}

/** What the log says last of an object is what there is of it. */
function logProblems({ log }: Engine, table: KindTable): readonly StoreProblem[] {
  const problems: StoreProblem[] = []
  const seen = new Set<object>()
  const records: LogRecord[] = []
  for (let record = log.after(0); record !== undefined; record = log.after(record.revision))
    records.push(record)
  for (const { revision, changes } of records.reverse()) {
    for (const { entry, after, version } of changes) {
      if (entry.space.table !== table || seen.has(entry)) continue
      seen.add(entry)
      if (entry.head !== version)
        problems.push({
          text: `${table.kind.kind} ${entry.name} is not what revision ${revision} made of it`,
        })
      else if (
        after?.metadata.resourceVersion !== undefined &&
        Number(after.metadata.resourceVersion) !== revision
      )
        problems.push(problem(after, `has a resourceVersion other than ${revision}`))
    }
  }
  return problems
}

function problem(object: StoredObject, text: string): StoreProblem {
  return { object: idOf(object), text: `${describeObject(idOf(object))} ${text}` }
}
