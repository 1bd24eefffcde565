import type { Logger } from '../core/index.js'
import type { Client, Kind, ObjectRef } from '../store/index.js'
import type { ControllerOptions, MappedWatch, ReferenceWatch } from './controller-options.js'
import {
  type ChangeMapping,
  mapToController,
  mapToSelf,
  mapWith,
  type ObjectChange,
} from './event-mapping.js'
import { refOf } from './object-key.js'
import { createReferenceTracker, type ReferenceTracker } from './reference-tracker.js'
import { type Source, startSource } from './source.js'

/** What the sources of one controller need. */
export interface ControllerSourcesOptions<Spec, Status> {
  readonly options: Pick<ControllerOptions<Spec, Status>, 'for' | 'owns' | 'watches'>
  readonly client: Client
  readonly logger: Logger
  readonly enqueue: (key: ObjectRef, reason: string) => void
  /** The key names another object than before: it was created, perhaps again. */
  readonly created: (key: ObjectRef) => void
  readonly progressed: () => void
}

/** Opens one watch for `for` and one for each entry of `owns` and `watches`; turns every change into keys. */
export function startSources<Spec, Status>(setup: ControllerSourcesOptions<Spec, Status>): readonly Source[] {
  const { options, client, logger, enqueue, created, progressed } = setup
  const trackers: ReferenceTracker[] = []
  const started: Source[] = []
  const start = (kind: Kind, changed: (change: ObjectChange) => void): void => {
    started.push(startSource({ client, kind, logger, changed, progressed }))
  }
  const startMapped = (kind: Kind, keysOf: ChangeMapping, reason: string): void => {
    start(kind, change => {
      tryMapping(logger, kind, change, () => {
        for (const key of keysOf(change)) enqueue(key, reason)
      })
    })
  }
  try {
    start(options.for, change => {
      const { before, now } = change
      if (now !== undefined && now.metadata.uid !== before?.metadata.uid) created(refOf(now))
      for (const tracker of trackers) tryMapping(logger, options.for, change, () => tracker.observe(change))
      for (const key of mapToSelf(change)) enqueue(key, options.for.kind)
    })
    for (const kind of options.owns ?? [])
      startMapped(kind, mapToController(options.for), `owned ${kind.kind}`)
    for (const watch of (options.watches ?? []) as readonly (MappedWatch | ReferenceWatch)[]) {
      if (watch.map === undefined) {
        const tracker = createReferenceTracker(watch.kind, object => watch.refs(object))
        trackers.push(tracker)
        startMapped(watch.kind, tracker.keysOf, `referenced ${watch.kind.kind}`)
      } else {
        const keysOf = mapWith((object, reader) => watch.map(object, reader), client)
        startMapped(watch.kind, keysOf, `watched ${watch.kind.kind}`)
      }
    }
  } catch (error) {
    for (const source of started) source.stop()
    throw error
  }
  return started
}

/** A mapping that throws is a bug of its author: it is logged, and what does not depend on it goes on. */
function tryMapping(logger: Logger, kind: Kind, change: ObjectChange, map: () => void): void {
  try {
    map()
  } catch (error) {
    const object = (change.now ?? change.before)?.metadata
    const { namespace, name } = object ?? {}
    logger.error(
      { err: error, kind: kind.kind, namespace, name },
      'the mapping of a watch threw; no key was woken by it',
    )
  }
}
