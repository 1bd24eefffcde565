import type { EventRecord } from '../../core/index.js'
import { contentHash, formatTime } from '../../core/index.js'
import type { StoredObject } from '../../store/index.js'

/** What happened, as a controller says it. */
export interface EventInput {
  /** The object that it is about. */
  readonly regarding: StoredObject
  /** Default `Normal`. */
  readonly type?: EventRecord['type']
  /** Upper camel case, and one of few: events are counted by it. */
  readonly reason: string
  readonly note: string
}

/** What is to be written about an event. */
export type CorrelatedEvent =
  /** `name` is the same for all that one record stands for. */
  | { readonly kind: 'create' | 'update'; readonly name: string; readonly record: EventRecord }
  /** There were too many about this object; it is counted all the same. */
  | { readonly kind: 'drop' }

/** When events are brought together. The defaults are those of Kubernetes. */
export interface EventLimits {
  /**
   * Distinct notes of one object and reason with a record each; from the last of them on they are one record. Default
   * 10.
   */
  readonly notesMax: number
  /** Notes have a record each again after this time without any. Default 10 minutes. */
  readonly quietMs: number
  /** Writes about one object at once. Default 25. */
  readonly burst: number
  /** And one more after each of these times. Default 5 minutes. */
  readonly refillMs: number
  /** Objects, reasons and notes remembered; those unused for longest go first. Default 4096. */
  readonly entriesMax: number
}

/** The limits of Kubernetes. */
export const defaultEventLimits: EventLimits = {
  notesMax: 10,
  quietMs: 600_000,
  burst: 25,
  refillMs: 300_000,
  entriesMax: 4096,
}

/** Decides what becomes of each event. Keeps what it has seen, within bounds; reads no clock. */
export interface EventCorrelator {
  /** @param nowMs epoch ms */
  correlate(event: EventInput, nowMs: number): CorrelatedEvent
}

interface Group {
  readonly notes: Set<string>
  lastMs: number
}

interface Series {
  count: number
  firstTime: string
}

interface Bucket {
  tokens: number
  filledMs: number
}

/** Makes a correlator for the events of one controller. */
export function createEventCorrelator(
  reportingController: string,
  limits: EventLimits = defaultEventLimits,
): EventCorrelator {
  const { notesMax, quietMs, burst, refillMs, entriesMax } = limits
  const groups = createBoundedMap<Group>(entriesMax)
  const series = createBoundedMap<Series>(entriesMax)
  const buckets = createBoundedMap<Bucket>(entriesMax)

  const isCrowd = (groupKey: string, note: string, nowMs: number): boolean => {
    const group = groups.open(groupKey, () => ({ notes: new Set(), lastMs: nowMs }))
    if (nowMs - group.lastMs > quietMs) group.notes.clear()
    group.lastMs = nowMs
    if (group.notes.size < notesMax) group.notes.add(note)
    return group.notes.size >= notesMax
  }

  const takeToken = (about: string, nowMs: number): boolean => {
    const bucket = buckets.open(about, () => ({ tokens: burst, filledMs: nowMs }))
    bucket.tokens = Math.min(burst, bucket.tokens + Math.max(0, nowMs - bucket.filledMs) / refillMs)
    bucket.filledMs = nowMs
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }

  return {
    correlate: (event, nowMs) => {
      const { type = 'Normal', reason } = event
      const regarding = regardingOf(event)
      const about = JSON.stringify(regarding)
      const groupKey = JSON.stringify([about, type, reason])
      const isMany = isCrowd(groupKey, event.note, nowMs)
      const note = isMany ? `${event.note} (one of many like it)` : event.note
      const time = formatTime(nowMs)
      const key = isMany ? groupKey : JSON.stringify([groupKey, event.note])
      // Counted before anything is dropped, so that the next write tells the true number.
      const seen = series.open(key, () => ({ count: 0, firstTime: time }))
      seen.count++
      if (!takeToken(about, nowMs)) return { kind: 'drop' }
      const { count, firstTime } = seen
      const hash = contentHash([reportingController, key, firstTime])
      return {
        kind: count === 1 ? 'create' : 'update',
        name: `${regarding.name.slice(0, 200).replace(/[.-]+$/, '')}.${hash}`,
        record: { regarding, type, reason, note, reportingController, count, firstTime, lastTime: time },
      }
    },
  }
}

function regardingOf({ regarding: { apiVersion, kind, metadata } }: EventInput): EventRecord['regarding'] {
  const { namespace, name, uid } = metadata
  return namespace === undefined
    ? { apiVersion, kind, name, uid }
    : { apiVersion, kind, namespace, name, uid }
}

/** A map that forgets what was unused for longest. */
interface BoundedMap<V> {
  /** The value of `key`, made by `make` when there is none; `key` is the one used last now. */
  open(key: string, make: () => V): V
}

/** Makes an empty one for at most `entriesMax` keys. */
function createBoundedMap<V>(entriesMax: number): BoundedMap<V> {
  const entries = new Map<string, { readonly value: V }>()
  return {
    open: (key, make) => {
      const entry = entries.get(key) ?? { value: make() }
      entries.delete(key)
      entries.set(key, entry)
      const [oldest] = entries.keys()
      if (entries.size > entriesMax && oldest !== undefined) entries.delete(oldest)
      return entry.value
    },
  }
}
