import { InvalidError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, assertValid, isRecord, knownOptions, wholeNumber } from '../../core/internal.js'
import type { ResourceSet } from '../resources/resource-set.js'
import type { AllocatorEvent, ClaimRequest, Grant } from './allocator-event.js'
import type { AllocatorSnapshot } from './allocator-state.js'

/** A call that changed an allocator, with what came of it. Plain JSON once it is stringified. */
export type TraceEntry =
  /** An allocator begins: empty, or as the snapshot says. */
  | { readonly call: 'start'; readonly snapshot?: AllocatorSnapshot }
  | { readonly call: 'apply'; readonly event: AllocatorEvent }
  | {
      readonly call: 'run'
      readonly nowMs: number
      readonly scope: 'dirty' | 'all' | readonly string[]
      readonly grants: readonly Grant[]
    }
  | {
      readonly call: 'offerTo'
      readonly of: { readonly framework: string; readonly role: string }
      readonly agents: readonly string[]
      readonly grants: readonly Grant[]
    }
  | { readonly call: 'claim'; readonly request: ClaimRequest; readonly take: ResourceSet }
  /** Calls for which there was no room: the trace ends here. */
  | { readonly call: 'omitted'; readonly calls: number }

/** Bounds of an {@link AllocatorTrace}. */
export interface AllocatorTraceOptions {
  /** Entries that wait to be taken; beyond them calls are omitted, and the trace ends. Default 1,000,000. */
  readonly entriesMax?: number
}

const TRACE_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<AllocatorTraceOptions>('AllocatorTrace', {
  entriesMax: true,
})
const ENTRIES_MAX = 1_000_000

/**
 * Records what is done to an allocator, in order, for {@link replayTrace}: calls that changed nothing, or were refused,
 * are not in it. Entries hold what the calls were given, so write them down before that is changed. One allocator at a
 * time; one that is made with it later begins anew in it.
 */
export class AllocatorTrace {
  readonly #entriesMax: number
  #entries: TraceEntry[] = []
  #omitted = 0

  /**
   * @throws InvalidError unless `entriesMax` is a whole number of at least 1
   * @throws UsageError for an option that is not known
   */
  constructor(options: AllocatorTraceOptions = {}) {
    assertKnown(options, TRACE_OPTIONS)
    const { entriesMax = ENTRIES_MAX } = options
    assertValid('trace', wholeNumber('entriesMax', entriesMax, { min: 1 }))
    this.#entriesMax = entriesMax
  }

  /** Entries that wait. */
  get size(): number {
    return this.#entries.length
  }

  /** Hands over what was recorded since the last time: to be written down, in this order. */
  take(): readonly TraceEntry[] {
    const entries = this.#entries
    this.#entries = []
    if (this.#omitted > 0) entries.push({ call: 'omitted', calls: this.#omitted })
    return entries
  }

  /** @internal */
  add(entry: TraceEntry): void {
    // A new allocator begins a trace of its own.
    if (entry.call === 'start') this.#omitted = 0
    if (this.#omitted > 0 || this.#entries.length >= this.#entriesMax) this.#omitted++
    else this.#entries.push(entry)
  }
}

/**
 * What the JSON of an entry says, as far as it can be told without performing it.
 *
 * @throws InvalidError naming the entry
 */
export function traceEntry(value: unknown, index: number): TraceEntry {
  const fields: Readonly<Record<TraceEntry['call'], readonly string[]>> = {
    start: [],
    apply: ['event'],
    run: ['nowMs', 'scope', 'grants'],
    offerTo: ['of', 'agents', 'grants'],
    claim: ['request', 'take'],
    omitted: ['calls'],
  }
  if (!isRecord(value)) throw fault(`[${index}]`, value, 'must be an object with a call')
  const needed = fields[value['call'] as TraceEntry['call']] as readonly string[] | undefined
  if (needed === undefined)
    throw fault(`[${index}].call`, value['call'], `must be one of ${Object.keys(fields).join(', ')}`)
  for (const field of needed)
    if (value[field] === undefined) throw fault(`[${index}].${field}`, undefined, 'must be there')
  if (value['call'] === 'omitted')
    throw fault(
      `[${index}]`,
      value['calls'],
      'calls were omitted here; raise entriesMax, or take entries sooner',
    )
  if (index === 0 && value['call'] !== 'start')
    throw fault('[0].call', value['call'], 'must be start; a trace is replayed from its beginning')
  return value as TraceEntry
}

function fault(field: string, value: unknown, message: string): InvalidError {
  return new InvalidError('trace', [{ field, value, message }])
}
