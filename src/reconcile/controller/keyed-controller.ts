import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, compareText, knownOptions } from '../../core/internal.js'
import type { Kind, ObjectOf, Reader } from '../../store/index.js'
import { defineKind } from '../../store/index.js'
import type { ReconcileContext } from '../attempt/reconcile-context.js'
import type { Result } from '../attempt/result.js'
import type { ObjectKey } from '../object-key.js'
import type { Fairness } from '../queue/fair-classes.js'
import type { Predicate } from '../sources/predicates.js'
import { createLoop } from './controller.js'
import type { Controller, ControllerKeyState } from './controller-contract.js'
import type { ControllerOptions } from './controller-options.js'

/** Keys that are not the names of objects. */
export interface KeyType<Key> {
  /** What one key is called, as a kind is: in errors and spans. A letter first, then letters and digits. */
  readonly name: string
  /**
   * A key as text: 1 to 253 characters without a slash. Keys of one text are one key; keys are ordered by their texts. It
   * stands where a key has its name: in logs, steps, `status()`.
   */
  format(key: Key): string
  /** The key of a text that `format` gave. */
  parse(text: string): Key
}

/** Changes of `kind` are turned into keys. */
export interface KeyedWatch<Key, Watched extends Kind = Kind> {
  readonly kind: Watched
  /** As in a controller of objects: pure, of the old and of the new object, called again when it throws. */
  map(object: ObjectOf<Watched>, reader: Reader): readonly Key[]
  /** Which changes matter. Default: all. */
  readonly when?: Predicate
}

/** What a controller of keys takes as one of objects does. */
type SharedOptions = Pick<
  ControllerOptions<unknown, unknown>,
  | 'name'
  | 'signals'
  | 'reads'
  | 'ownWrites'
  | 'ownChanges'
  | 'tracksReads'
  | 'events'
  | 'concurrency'
  | 'timeoutMs'
  | 'limiter'
  | 'errors'
  | 'quarantineAfter'
  | 'hotLoopAfter'
  | 'ageMs'
  | 'unhealthyAfterMs'
  | 'started'
  | 'changed'
  | 'stopped'
>

/** How a controller of keys is made. */
export interface KeyedControllerOptions<Key, Watched extends readonly Kind[] = readonly Kind[]>
  extends SharedOptions {
  readonly keys: KeyType<Key>
  /** What wakes keys. At least one. */
  readonly watches: { readonly [Index in keyof Watched]: KeyedWatch<Key, Watched[Index]> }
  /** Shares the workers between classes of keys. Default: one class. */
  readonly fairness?: Fairness<Key>
  /** As of a controller of objects. There is no object and so no `children`, and events need a `regarding`. */
  reconcile(key: Key, ctx: Omit<ReconcileContext, 'children'>): Result | void | Promise<Result | void>
}

/** A control loop over keys of any type. What it has from `Controller` speaks of a key as `{ name: text }`. */
export interface KeyedController<Key> extends Controller {
  /** Asks for a run of `key`. Ignored while not running. */
  wake(key: Key, reason?: string): void
  /** What is known about `key`. */
  why(key: Key): ControllerKeyState | undefined
}

const KEYED_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<KeyedControllerOptions<unknown>>(
  'createKeyedController',
  {
    name: true,
    keys: true,
    watches: true,
    signals: true,
    reads: true,
    ownWrites: true,
    ownChanges: true,
    tracksReads: true,
    events: true,
    concurrency: true,
    timeoutMs: true,
    limiter: true,
    errors: true,
    quarantineAfter: true,
    hotLoopAfter: true,
    fairness: true,
    ageMs: true,
    unhealthyAfterMs: true,
    reconcile: true,
    started: true,
    changed: true,
    stopped: true,
  },
)

/**
 * Makes a controller whose keys are not objects: zones, tenants, pairs of nodes. It keeps all that a controller of objects
 * keeps, and a manager takes it as any other.
 *
 * @throws InvalidError when an option is out of bounds; UsageError for an unknown one
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createKeyedController, createManager } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Node = defineKind<{ region: string; zone: number }>({
 *   apiVersion: 'example/v1', kind: 'Node', plural: 'nodes', namespaced: false,
 * })
 * const sizes = new Map<string, number>()
 * const zones = createKeyedController({
 *   name: 'zones',
 *   keys: {
 *     name: 'Zone',
 *     format: ({ region, zone }: { region: string; zone: number }) => `${region}.${zone}`,
 *     parse: text => ({ region: text.split('.')[0] ?? '', zone: Number(text.split('.')[1]) }),
 *   },
 *   watches: [{ kind: Node, map: ({ spec }) => [{ region: spec.region, zone: spec.zone }] }],
 *   reconcile: ({ region, zone }, { client }) => {
 *     const fieldSelector = `spec.region=${region},spec.zone=${zone}`
 *     sizes.set(`${region} ${zone}`, client.count(Node, { fieldSelector }))
 *   },
 * })
 * const store = createStore({ kinds: [Node] })
 * const manager = createManager({ client: store })
 * manager.add(zones)
 * await manager.start()
 * for (const name of ['a', 'b']) await store.create(Node, { metadata: { name }, spec: { region: 'eu', zone: 1 } })
 * await manager.settled()
 * assert.equal(sizes.get('eu 1'), 2)
 * await manager.stop()
 * ```
 */
export function createKeyedController<Key, const Watched extends readonly Kind[] = readonly Kind[]>(
  options: KeyedControllerOptions<Key, Watched>,
): KeyedController<Key> {
  assertKnown(options, KEYED_OPTIONS)
  const { keys, watches, fairness, reconcile, ...shared } = options as KeyedControllerOptions<Key>
  assertKeyType(shared.name, options.keys, watches)
  const refOf = (key: Key): ObjectKey => ({ name: textOf(keys, key, shared.name) })
  const loop = createLoop<unknown, unknown>({
    ...shared,
    isKeyed: true,
    for: kindFor(keys.name),
    watches: watches.map(({ kind, when, map }) => ({
      kind,
      ...(when === undefined ? {} : { when }),
      map: (object, reader) => ordered(map(object, reader).map(refOf)),
    })),
    ...(fairness === undefined
      ? {}
      : { fairness: { ...fairness, classOf: ({ name }) => fairness.classOf(keys.parse(name)) } }),
    reconcile: ({ name }, _object, ctx) => reconcile(keys.parse(name), ctx),
  })
  return Object.assign(loop, {
    wake: (key: Key, reason?: string) => loop.enqueue(refOf(key), reason),
    why: (key: Key) => loop.inspect(refOf(key)),
  })
}

/** Names the keys where objects have a kind; the store never sees it. */
function kindFor(name: string): Kind {
  return defineKind({ apiVersion: 'key', kind: name, plural: name.toLowerCase(), namespaced: false })
}

/** One key once, in the order of the texts. */
function ordered(refs: readonly ObjectKey[]): readonly ObjectKey[] {
  const names = new Set(refs.map(({ name }) => name))
  return [...names].sort(compareText).map(name => ({ name }))
}

const TEXT_LENGTH_MAX = 253

/** @throws InvalidError unless the text leads back to a key of that text */
function textOf<Key>({ name, format, parse }: KeyType<Key>, key: Key, controller: string): string {
  const text = format(key)
  const problem = (message: string): InvalidError =>
    new InvalidError(`controller ${controller}`, [
      { field: 'key', value: text, message: `${message} (of ${name})` },
    ])
  if (typeof text !== 'string' || text === '' || text.length > TEXT_LENGTH_MAX || text.includes('/'))
    throw problem('format must give 1 to 253 characters without a slash')
  if (format(parse(text)) !== text)
    throw problem('parse must lead back: format(parse(text)) must be the text')
  return text
}

function assertKeyType(controller: string, keys: unknown, watches: readonly object[] | undefined): void {
  const { name, format, parse } = (keys ?? {}) as Partial<KeyType<never>>
  const problems: FieldProblem[] = []
  for (const [field, value] of Object.entries({ format, parse }))
    if (typeof value !== 'function')
      problems.push({ field: `keys.${field}`, value, message: 'must be a function' })
  if (typeof name !== 'string' || !/^[A-Za-z][A-Za-z0-9]*$/.test(name))
    problems.push({ field: 'keys.name', value: name, message: 'must be a letter, then letters and digits' })
  if (!Array.isArray(watches) || watches.length === 0)
    problems.push({ field: 'watches', value: watches, message: 'must be at least one' })
  if (problems.length > 0) throw new InvalidError(`controller ${controller}`, problems)
}
