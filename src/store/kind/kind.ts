import { UsageError } from '../../core/index.js'
import { assertKnown, isRecord, knownOptions, ownOptions, wholeNumber } from '../../core/internal.js'
import { JSON_DEPTH_MAX } from '../json/json-border.js'
import type { DeepReadonly } from '../object/deep-readonly.js'
import type { IndexedValue } from '../object/indexed-value.js'
import type { StoredObject } from '../object/object.js'
import type { NameFormat } from '../object/object-name.js'
import type { AdmissionHook } from './admission.js'
import type { MergeTypes } from './merge-type.js'
import { fieldTypeOf } from './merge-type.js'
import type { PartType } from './schema-type.js'
import type { StandardSchema } from './standard-schema.js'
import { isStandardSchema } from './standard-schema.js'

/**
 * Computes the values under which an object is found in an index; none, one or several. A value of several parts is
 * a list in the list of values: `['a', 'b']` are two values, `[['a', 5]]` is one.
 * Written as a method type so that a `Kind<Spec, Status>` fits where any `Kind` is asked for.
 */
export type IndexFunction<Spec, Status> = {
  values(object: StoredObject<Spec, Status>): string | number | readonly IndexedValue[] | undefined
}['values']

/** A JSON Schema as a plain object; checked with ajv (draft 2020-12) against `{ spec, status? }`. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** How a kind is declared. */
export interface KindOptions<Spec, Status, Name extends string = string> {
  /** Group and version, for example `apps/v1`, or `v1`. */
  readonly apiVersion: string
  /** Upper camel case, for example `ReplicaSet`. */
  readonly kind: Name
  /** Lower case, for example `replicasets`. */
  readonly plural: string
  readonly namespaced: boolean
  /** Which names are allowed. Default `dns-subdomain`. */
  readonly nameFormat?: NameFormat
  /**
   * What `{ spec, status? }` may be: a JSON Schema, whose defaults are filled in, or a schema of any library that
   * follows Standard Schema v1, whose output is stored. Patterns of a JSON Schema are those of RE2, matched in linear
   * time: at most 512 characters, no look-around, no back references. Default: anything that is JSON.
   */
  readonly schema?: JsonSchema | StandardSchema<{ readonly spec: Spec; readonly status?: Status | undefined }>
  /** Asked before each write, in this order within a phase. Default none. */
  readonly admission?: readonly AdmissionHook<Spec, Status>[]
  /** Declared indexes, by name; queried with `list(kind, { index: { name, value } })`. */
  readonly indexes?: Readonly<Record<string, IndexFunction<DeepReadonly<Spec>, DeepReadonly<Status>>>>
  /**
   * Names of indexes whose values can be listed by range, in their order, by the `index` of `ListOptions`. A write pays for each such
   * value that it changes, in the order of the logarithm of their number. Default none.
   */
  readonly orderedIndexes?: readonly string[]
  /** Names of indexes under each of whose values there is at most one object, over all namespaces. Default none. */
  readonly uniqueIndexes?: readonly string[]
  /** Paths such as `spec.selector` that keep the value, or the absence, that they have after `create`. Default none. */
  readonly immutable?: readonly string[]
  /**
   * Whether status is written apart from spec, through `updateStatus` and `modifyStatus` only. Default true:
   * `create` and `update` then leave status alone, and a status write changes nothing else.
   */
  readonly statusSubresource?: boolean
  /**
   * Gives the kind graceful deletion: a delete marks the object with the end of its grace period, and a delete
   * with `gracePeriodSeconds: 0`, by whoever has cleaned up, removes it. This is the period of a delete that
   * names none, whole seconds ≥ 0. Default: no grace periods.
   */
  readonly gracePeriodSeconds?: number
  /**
   * True: spec, status and annotations of its objects are left out of dumps, differences, histories and errors, unless
   * they are asked for. Default false.
   */
  readonly secret?: boolean
  /**
   * How server-side apply merges fields, by path: `spec.ports` for a field, `spec.ports[].hosts` for one of the items
   * of a list, `spec.*.tags` for one of any entry of a map. Lists declared as `set` or with `keys` refuse equal items in every
   * write. Default: objects are merged field by field, lists are replaced.
   */
  readonly mergeTypes?: MergeTypes
}

/**
 * The typed handle of a kind; every store call is typed by it. `Name` is its `kind`, where the type knows it: then objects
 * of several kinds are narrowed by theirs.
 */
export interface Kind<Spec = unknown, Status = unknown, Name extends string = string> {
  readonly apiVersion: string
  readonly kind: Name
  readonly plural: string
  readonly namespaced: boolean
  readonly nameFormat: NameFormat
  readonly schema: JsonSchema | StandardSchema | undefined
  readonly admission: readonly AdmissionHook<Spec, Status>[]
  readonly indexes: Readonly<Record<string, IndexFunction<Spec, Status>>>
  readonly statusSubresource: boolean
  readonly gracePeriodSeconds: number | undefined
  readonly secret: boolean
  readonly uniqueIndexes: readonly string[]
  readonly orderedIndexes: readonly string[]
  readonly immutable: readonly string[]
  readonly mergeTypes: MergeTypes
}

/** The stored object type of a kind handle. */
export type ObjectOf<K> =
  K extends Kind<infer Spec, infer Status, infer Name> ? StoredObject<Spec, Status, Name> : never

/**
 * Declares a kind. Its types are those that are given, or those of its schema: of a JSON Schema written in the call, or
 * `as const`, as `SchemaType` reads it. Where types are given, the third is the name: with
 * `defineKind<Spec, Status, 'Widget'>` the objects of a watch of several kinds are narrowed by their `kind`.
 *
 * @throws UsageError for an option that could never work
 *
 * @example
 * ```ts
 * import { defineKind } from 'keelson/store'
 *
 * const Widget = defineKind<{ size: number }, { ready: boolean }>({
 *   apiVersion: 'example/v1',
 *   kind: 'Widget',
 *   plural: 'widgets',
 *   namespaced: true,
 *   indexes: { size: widget => String(widget.spec.size) },
 * })
 * ```
 */
export function defineKind<
  const Schema extends JsonSchema & { readonly '~standard'?: never },
  Spec = PartType<Schema, 'spec'>,
  Status = PartType<Schema, 'status'>,
  const Name extends string = string,
>(
  options: Omit<KindOptions<Spec, Status, Name>, 'schema'> & { readonly schema: Schema },
): Kind<DeepReadonly<Spec>, DeepReadonly<Status>, Name>
export function defineKind<Spec, Status = unknown, const Name extends string = string>(
  options: KindOptions<Spec, Status, Name>,
): Kind<DeepReadonly<Spec>, DeepReadonly<Status>, Name>
export function defineKind(options: KindOptions<unknown, unknown>): Kind {
  assertKnown(options, KIND_OPTIONS)
  assertNames(options)
  assertOptions(options)
  const { apiVersion, kind, plural, namespaced, schema, admission = [], indexes = {} } = options
  const { nameFormat = 'dns-subdomain', statusSubresource = true, gracePeriodSeconds } = options
  const { uniqueIndexes = [], orderedIndexes = [], immutable = [], mergeTypes = {}, secret = false } = options
  const declared: Kind = Object.freeze({
    apiVersion,
    kind,
    plural,
    namespaced,
    nameFormat,
    schema: schema === undefined || isStandardSchema(schema) ? schema : ownOptions(schema, JSON_DEPTH_MAX),
    admission: Object.freeze([...admission]),
    indexes: Object.freeze({ ...indexes }),
    statusSubresource,
    gracePeriodSeconds,
    secret,
    uniqueIndexes: Object.freeze([...uniqueIndexes]),
    orderedIndexes: Object.freeze([...orderedIndexes]),
    immutable: Object.freeze([...immutable]),
    mergeTypes: Object.freeze(ownOptions(mergeTypes)),
  })
  fieldTypeOf(declared)
  return declared
}

const KIND_OPTIONS = /* @__PURE__ */ knownOptions<KindOptions<unknown, unknown>>('defineKind', {
  apiVersion: true,
  kind: true,
  plural: true,
  namespaced: true,
  nameFormat: true,
  schema: true,
  admission: true,
  indexes: true,
  orderedIndexes: true,
  uniqueIndexes: true,
  immutable: true,
  statusSubresource: true,
  gracePeriodSeconds: true,
  secret: true,
  mergeTypes: true,
})

type Option = keyof KindOptions<unknown, unknown>

const API_VERSION = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[a-z0-9]([-a-z0-9]*[a-z0-9])?$/
const KIND = /^[A-Z][A-Za-z0-9]*$/
const PLURAL = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const NAME_FORMATS: readonly unknown[] = ['dns-subdomain', 'path-segment']

/** What a call without types may have left out, or confused. */
function assertNames<Spec, Status>(options: KindOptions<Spec, Status>): void {
  const {
    apiVersion,
    kind,
    plural,
    namespaced,
    nameFormat = 'dns-subdomain',
    statusSubresource = true,
    secret = false,
  } = options
  const must = (option: Option, isRight: boolean, what: string): void => {
    if (!isRight) throw faulty(kind, option, `must be ${what}, not ${shown(options[option])}`)
  }
  const isText = (value: unknown, pattern: RegExp): boolean =>
    typeof value === 'string' && pattern.test(value)
  must('kind', isText(kind, KIND), 'a name in upper camel case such as ReplicaSet')
  must(
    'apiVersion',
    isText(apiVersion, API_VERSION),
    'a version such as v1, or group and version such as apps/v1',
  )
  must('plural', isText(plural, PLURAL), 'a name in lower case such as replicasets')
  must('namespaced', typeof namespaced === 'boolean', 'true or false')
  must('nameFormat', NAME_FORMATS.includes(nameFormat), NAME_FORMATS.join(' or '))
  must('secret', typeof secret === 'boolean', 'true or false')
  must('statusSubresource', typeof statusSubresource === 'boolean', 'true or false')
  for (const option of ['admission', 'uniqueIndexes', 'orderedIndexes', 'immutable'] as const)
    must(option, options[option] === undefined || Array.isArray(options[option]), 'a list')
  for (const option of ['indexes', 'mergeTypes'] as const)
    must(option, options[option] === undefined || isRecord(options[option]), 'an object')
  const { schema } = options
  must(
    'schema',
    schema === undefined || isStandardSchema(schema) || isRecord(schema),
    'a JSON Schema, or a schema of a library that follows Standard Schema',
  )
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : String(value)
}

function assertOptions<Spec, Status>(options: KindOptions<Spec, Status>): void {
  const { kind, gracePeriodSeconds: seconds, indexes = {}, immutable = [] } = options
  const [problem] = seconds === undefined ? [] : wholeNumber('gracePeriodSeconds', seconds)
  if (problem !== undefined) throw faulty(kind, 'gracePeriodSeconds', `${problem.message}, not ${seconds}`)
  if (Object.hasOwn(indexes, '')) throw faulty(kind, 'indexes', 'must all have a name')
  for (const [name, values] of Object.entries<unknown>(indexes)) {
    // It would not be told from the value behind it.
    if (name.includes('\0'))
      throw faulty(kind, 'indexes', `has ${JSON.stringify(name)}; a name has no U+0000`)
    if (typeof values !== 'function') throw faulty(kind, 'indexes', `has "${name}", which is no function`)
  }
  for (const option of ['uniqueIndexes', 'orderedIndexes'] as const) {
    const unknown = options[option]?.find(name => !Object.hasOwn(indexes, name))
    if (unknown !== undefined) throw faulty(kind, option, `names "${unknown}", which is not in indexes`)
  }
  const odd = immutable.find(path => !/^spec(\.[^.]+)*$/.test(path))
  if (odd !== undefined)
    throw faulty(kind, 'immutable', `has "${odd}"; a path is spec, or starts with "spec."`)
}

function faulty(kind: string, option: Option, fault: string): UsageError {
  return new UsageError(`${option} of kind ${kind} ${fault}`, { kind, option })
}
