import type { JsonPatchOperation, ObjectRef, StoredObject } from '../../store/index.js'
import { diffJson, refOf } from '../../store/internal.js'
import type { SourceChange } from '../sources/event-mapping.js'

/** A key that is reconciled again and again without progress. */
export interface HotLoop {
  readonly key: ObjectRef
  /**
   * `ownWrites`: only its own writes wake it, and it writes what it has written before; it runs later and later until
   * something else changes. `unbounded`: only its own writes wake it, and there is no end to what it writes; it runs at
   * most ten times a second. `contested`: it writes again and again what another writer undoes; it is not slowed down.
   */
  readonly kind: 'ownWrites' | 'unbounded' | 'contested'
  /** Such runs in a row, when it was reported. */
  readonly runs: number
  /** What the latest of them wrote. */
  readonly object: Pick<StoredObject, 'apiVersion' | 'kind'> & ObjectRef
  /** What it changed there: at most 20 places. */
  readonly changes: readonly ValueChange[]
}

/** A value that was written. */
export interface ValueChange {
  /** JSON pointer (RFC 6901). */
  readonly path: string
  /** Absent when there was none. */
  readonly before?: unknown
  /** Absent when there is none. */
  readonly after?: unknown
}

/** Describes it. `change` is what the key wrote last. */
export function hotLoop(kind: HotLoop['kind'], key: ObjectRef, runs: number, change: SourceChange): HotLoop {
  const object = (change.after ?? change.before) as StoredObject
  const about = { apiVersion: object.apiVersion, kind: object.kind, ...refOf(object) }
  return { key, kind, runs, object: about, changes: valueChanges(change) }
}

const CHANGES_MAX = 20

/** They change with every write. */
const COUNTERS: readonly string[] = ['resourceVersion', 'generation', 'managedFields'].map(
  field => `/metadata/${field}`,
)

/** They differ in an object that is made again. */
const IDENTITY: readonly string[] = ['/metadata/uid', '/metadata/creationTimestamp']

/**
 * What a change of an object changed in it.
 *
 * @internal
 */
export function valueChanges({ before, after }: SourceChange): readonly ValueChange[] {
  if (before === undefined || after === undefined) return [valueChange('', before, after)]
  return differences(before, after)
    .slice(0, CHANGES_MAX)
    .map(operation => valueChange(operation.path, valueAt(before, operation.path), writtenBy(operation)))
}

/** True when two versions of an object say the same. */
export function saysTheSame(a: StoredObject, b: StoredObject): boolean {
  return differences(a, b).every(({ path }) => IDENTITY.includes(path))
}

function differences(before: StoredObject, after: StoredObject): readonly JsonPatchOperation[] {
  return diffJson(before, after).filter(
    ({ path }) => !COUNTERS.some(counter => path === counter || path.startsWith(`${counter}/`)),
  )
}

function valueChange(path: string, before: unknown, after: unknown): ValueChange {
  return {
    path,
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
  }
}

function writtenBy(operation: JsonPatchOperation): unknown {
  return 'value' in operation ? operation.value : undefined
}

function valueAt(value: unknown, path: string): unknown {
  let found = value
  for (const token of path.split('/').slice(1)) {
    if (typeof found !== 'object' || found === null) return undefined
    found = Reflect.get(found, token.replaceAll('~1', '/').replaceAll('~0', '~'))
  }
  return found
}
