import type { Cancel, Env, Logger } from '../../core/index.js'
import { callListener } from '../../core/internal.js'
import type { Client, Kind, ObjectRef } from '../../store/index.js'
import { knowsKind, refOf, refText } from '../../store/internal.js'
import { createCache } from '../cache/cache.js'
import type { Cache, CacheChanges } from '../cache/cache-contract.js'
import type { WakeCause } from '../hot-loops/self-wakes.js'
import { assertKey, kindId, refOfId } from '../object-key.js'
import type { ChangeMapping, SourceChange } from '../sources/event-mapping.js'
import { mapToOwners, mapToSelf, mapWith } from '../sources/event-mapping.js'
import type { Predicate } from '../sources/predicates.js'
import type { ReferenceTracker } from '../sources/reference-tracker.js'
import { createReferenceTracker } from '../sources/reference-tracker.js'
import { startResync } from '../sources/resync.js'
import type { LoopOptions, MappedWatch, OwnedWatch, ReferenceWatch } from './controller-options.js'
import { MappingRetries } from './mapping-retries.js'

/** What the sources of one controller need. */
export interface ControllerSourcesOptions<Spec, Status> {
  readonly options: Pick<
    LoopOptions<Spec, Status>,
    'isKeyed' | 'name' | 'for' | 'when' | 'owns' | 'watches' | 'signals' | 'resyncMs' | 'changed'
  >
  readonly client: Client
  readonly env: Env
  readonly logger: Logger
  readonly enqueue: (key: ObjectRef, why: Wake) => void
  /** The key names another object than before: it was created, perhaps again. */
  readonly created: (key: ObjectRef) => void
  /** What came and went after `since` may have woken no key. Called before `progressed`. */
  readonly skipped: (since: number) => void
  readonly progressed: () => void
  /** Told of every change. */
  readonly changed: (cause: WakeCause) => void
}

/** Why a key is woken. */
export interface Wake {
  readonly reason: string
  /** Default 0. */
  readonly priority?: number
  /** The change; absent when it was none. */
  readonly cause?: WakeCause
  /** True when nothing has happened. */
  readonly isResync?: true
}

/** What a controller hears from. */
export interface ControllerSources {
  /** The objects of every kind that the controller hears from, as they were told. */
  readonly cache: Cache
  /** Settles when the first list has come, when it never will, and when stopped before. */
  readonly started: Promise<void>
  /** Wakes every key that there is an object of, at a low priority. */
  wakeAll(reason: string): void
  stop(): void
}

/** As the initial list and resyncs have it elsewhere: anything that happened comes first. */
const RESYNC_PRIORITY = -100
const CHANGE_PRIORITY = 0

/**
 * Opens one watch over `for`, `owns` and `watches`, and the signals; turns every change into keys.
 *
 * Guarantees: every state that an object rests in is told, as a change from the state told before, in the order of
 * the revisions over all kinds; of states that it only passed while the watch was broken, `skipped` tells.
 *
 * Errors: `started` rejects with `ClosedError` when the store is closed.
 */
export function startSources<Spec, Status>(setup: ControllerSourcesOptions<Spec, Status>): ControllerSources {
  const { options, client, skipped, progressed } = setup
  const handlers = new Map<string, KindHandler['changed'][]>()
  const kinds = new Set<Kind>()
  const mappings = new MappingRetries({ ...setup, name: options.name })
  for (const { kind, changed } of handlersOf(setup, mappings)) {
    kinds.add(kind)
    const name = kindId(kind)
    handlers.set(name, [...(handlers.get(name) ?? []), changed])
  }
  const cache = createCache({ name: options.name, kinds: [...kinds] })
  const cancels: Cancel[] = [() => cache.stop(), () => mappings.stop()]
  cache.onChange(news => {
    const { revision, changes, isFirst, since } = news
    tellChanged(setup, news)
    const priority = isFirst === true ? RESYNC_PRIORITY : CHANGE_PRIORITY
    for (const change of changes) {
      const object = change.after ?? change.before
      const told = { change, revision }
      for (const changed of object === undefined ? [] : (handlers.get(kindId(object)) ?? []))
        changed(told, priority)
      setup.changed(told)
    }
    if (since !== undefined) skipped(since)
    progressed()
  })
  const started = cache.start(client)
  try {
    cancels.push(...startSignals(setup), startResyncOf(setup, cache))
  } catch (error) {
    for (const cancel of cancels) cancel()
    throw error
  }
  return {
    cache,
    started,
    wakeAll: reason => {
      if (options.isKeyed !== true)
        for (const id of cache.keys(options.for))
          setup.enqueue(refOfId(id), { reason, priority: RESYNC_PRIORITY })
      else
        for (const kind of kinds)
          for (const after of cache.list(kind).items)
            for (const changed of handlers.get(kindId(kind)) ?? [])
              changed({ change: { before: undefined, after }, revision: cache.revision }, RESYNC_PRIORITY)
    },
    stop: () => {
      for (const cancel of cancels.reverse()) cancel()
    },
  }
}

function tellChanged<Spec, Status>(
  { options, client, logger }: ControllerSourcesOptions<Spec, Status>,
  news: CacheChanges,
): void {
  if (news.changes.length === 0 && news.since === undefined) return
  callListener(
    () => options.changed?.(news, client),
    error =>
      logger.error(
        { err: error, revision: news.revision },
        'the hook `changed` threw; the changes were mapped to keys',
      ),
  )
}

/** A kind, and what is done with a change of one of its objects. */
interface KindHandler {
  readonly kind: Kind
  readonly changed: (cause: WakeCause, priority: number) => void
}

function handlersOf<Spec, Status>(
  setup: ControllerSourcesOptions<Spec, Status>,
  mappings: MappingRetries,
): readonly KindHandler[] {
  const { options, client, enqueue, created } = setup
  const trackers: ReferenceTracker[] = []
  const mapped = (
    kind: Kind,
    when: Predicate | undefined,
    keysOf: ChangeMapping,
    reason: string,
  ): KindHandler => ({
    kind,
    changed: (cause, priority) => {
      const { change } = cause
      if (!passes(setup, when, change)) return
      mappings.run(aboutChange(change), () => {
        for (const key of keysOf(change)) enqueue(key, { reason, priority, cause })
      })
    },
  })
  const own: KindHandler = {
    kind: options.for,
    changed: (cause, priority) => {
      const { change } = cause
      const { before, after } = change
      if (after !== undefined && after.metadata.uid !== before?.metadata.uid) created(refOf(after))
      for (const tracker of trackers) mappings.run(aboutChange(change), () => tracker.observe(change))
      if (!passes(setup, options.when, change)) return
      for (const key of mapToSelf(change)) enqueue(key, { reason: options.for.kind, priority, cause })
    },
  }
  const owned = (options.owns ?? []).map(entry => {
    const { kind, owners = 'controller', when } = ownedWatch(entry)
    return mapped(kind, when, mapToOwners(options.for, owners), `owned ${kind.kind}`)
  })
  const watches = (options.watches ?? []) as readonly (MappedWatch | ReferenceWatch)[]
  const known = watches.filter(({ optional, kind }) => optional !== true || knowsKind(client, kind))
  const watched = known.map(watch => {
    const { kind, when } = watch
    if (watch.map !== undefined) {
      const keysOf = mapWith((object, reader) => {
        const keys = watch.map(object, reader)
        for (const key of keys)
          assertKey(options.for, key, `map of ${kind.kind} in controller ${options.name}`)
        return keys
      }, client)
      return mapped(kind, when, keysOf, `watched ${kind.kind}`)
    }
    const tracker = createReferenceTracker(kind, object => watch.refs(object))
    trackers.push(tracker)
    return mapped(kind, when, tracker.keysOf, `referenced ${kind.kind}`)
  })
  return options.isKeyed === true ? watched : [own, ...owned, ...watched]
}

function startSignals<Spec, Status>(setup: ControllerSourcesOptions<Spec, Status>): readonly Cancel[] {
  const { options, client, env, logger, enqueue } = setup
  return (options.signals ?? []).map(signal =>
    signal.start({
      env,
      reader: client,
      logger,
      wake: keys => {
        for (const key of keys) {
          try {
            assertKey(options.for, key, `source ${signal.name}`)
            enqueue(key, { reason: signal.name })
          } catch (error) {
            logger.error({ source: signal.name, key, err: error }, 'a source named no key')
          }
        }
      },
    }),
  )
}

function startResyncOf<Spec, Status>(
  { options, env, enqueue }: ControllerSourcesOptions<Spec, Status>,
  cache: Cache,
): Cancel {
  const { resyncMs } = options
  if (resyncMs === undefined) return () => {}
  return startResync({
    env,
    periodMs: resyncMs,
    size: () => cache.count(options.for),
    walk: () => cache.keys(options.for),
    visit: id => enqueue(refOfId(id), { reason: 'resync', priority: RESYNC_PRIORITY, isResync: true }),
  })
}

/** A filter that cannot judge must not swallow a change. */
function passes<Spec, Status>(
  { options, env, logger }: ControllerSourcesOptions<Spec, Status>,
  when: Predicate | undefined,
  change: SourceChange,
): boolean {
  if (when === undefined) return true
  try {
    return when(change)
  } catch (error) {
    env.metrics.counter('controller_predicate_errors_total').add(1, { controller: options.name })
    logger.error({ err: error, ...aboutChange(change) }, 'a predicate threw; the change passed')
    return true
  }
}

function aboutChange({ before, after }: SourceChange): { readonly kind?: string; readonly key?: string } {
  const object = after ?? before
  return object === undefined ? {} : { kind: object.kind, key: refText(refOf(object)) }
}

/** The long form of an entry of `owns`. */
export function ownedWatch(entry: Kind | OwnedWatch): OwnedWatch {
  return 'plural' in entry ? { kind: entry } : entry
}
