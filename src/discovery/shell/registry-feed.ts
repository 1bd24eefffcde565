import { EndpointSlice, Service } from '../../api/index.js'
import type { Cancel } from '../../core/index.js'
import { assertKnown, assertValid, deepEqual, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Runnable } from '../../reconcile/index.js'
import type { Client, WatchEvent } from '../../store/index.js'
import { listAndWatch } from '../../store/index.js'
import type { Registry } from '../registry/registry.js'
import type { RegistryChange } from '../registry/registry-change.js'
import { acceptable, changeOf, removalOf } from './stored-services.js'

/** How a registry is fed. */
export interface RegistryFeedOptions {
  /**
   * The store is asked this often how far it is, so that the registry's revision does not stay behind while nothing that
   * concerns it is written: others may wait for it. Default: never.
   */
  readonly progressMs?: number
}

const KNOWN = /* @__PURE__ */ knownOptions<RegistryFeedOptions>('createRegistryFeed', { progressMs: true })

/**
 * Feeds a registry from the Service and EndpointSlice objects of a store, revision by revision. Starting
 * resolves when everything that existed has been applied; the registry is then synced.
 *
 * Guarantees: the changes of a revision are applied together and in order, so the registry at revision R shows what
 * the store held at R. Revisions that were missed are applied as one. An object that the registry refuses is logged
 * and treated as absent.
 *
 * @throws InvalidError for a time out of bounds
 */
export function createRegistryFeed(registry: Registry, options: RegistryFeedOptions = {}): Runnable {
  assertKnown(options, KNOWN)
  const { progressMs } = options
  assertValid(
    'registry feed',
    progressMs === undefined ? [] : wholeNumber('progressMs', progressMs, { min: 1 }),
  )
  let stop: Cancel = () => {}
  return {
    name: 'registry-feed',
    start: client =>
      new Promise<void>(resolve => {
        stop = startFeed(registry, client, { progressMs, synced: resolve })
      }),
    stop: () => stop(),
  }
}

interface FeedRun {
  readonly progressMs: number | undefined
  readonly synced: () => void
}

function startFeed(registry: Registry, client: Client, { progressMs, synced }: FeedRun): Cancel {
  const { logger } = client.env
  const watch = listAndWatch(client, [Service, EndpointSlice])
  const stopWatch = watch.on(({ revision, events, initialEventsEnd }) => {
    const changes = events.flatMap(changesOf).flatMap(change => acceptable(change, registry, logger))
    const isFirst = initialEventsEnd === true
    registry.apply(Math.max(revision, registry.revision), isFirst ? [...changes, { op: 'synced' }] : changes)
    if (isFirst) synced()
  })
  let stopAsking: Cancel = () => {}
  const ask = (everyMs: number): void => {
    stopAsking = client.env.clock.after(everyMs, () => {
      watch.requestProgress()
      ask(everyMs)
    })
  }
  if (progressMs !== undefined) ask(progressMs)
  return () => {
    stopAsking()
    stopWatch()
  }
}

/** What an event means to the registry: an object that names another place than before leaves the old one. */
function changesOf({
  object,
  before,
  after,
}: WatchEvent<Service | EndpointSlice>): readonly RegistryChange[] {
  const change = changeOf(object)
  const removal = removalOf(change)
  if (after === undefined) return removal
  const left = before === undefined ? [] : removalOf(changeOf(before))
  return deepEqual(left, removal) ? [change] : [...left, change]
}
