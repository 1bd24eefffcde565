import { InvalidError, isKeelsonError } from '../../core/index.js'
import { canonicalJson } from '../../core/internal.js'
import type { Resource } from '../resources/resource.js'
import { resources } from '../resources/resource-text.js'
import type { Allocator } from './allocator.js'
import { createAllocator, restoreAllocator } from './allocator.js'
import type { AllocatorEvent } from './allocator-event.js'
import type { AllocatorOptions } from './allocator-options.js'
import type { TraceEntry } from './trace.js'
import { traceEntry } from './trace.js'

/** What became of a trace. */
export interface TraceReplay {
  /** As it is after the last entry, or at the difference: to be asked why. */
  readonly allocator: Allocator
  /** Entries that came to what they did when they were recorded. */
  readonly replayed: number
  /** Where it came to something else; then the rest is not replayed. Undefined: nowhere. */
  readonly difference?: {
    /** Of the entry, from 0. */
    readonly index: number
    /** What came of it when it was recorded, and now: JSON, or the text of an error. */
    readonly recorded: string
    readonly now: string
  }
}

/**
 * Does again what an {@link AllocatorTrace} recorded, on an allocator of its own, and compares what comes of it: with
 * the same options it is the same, so a trace of production is a test, and with others it shows where they begin to
 * matter. Of several allocators in one trace each begins anew, and the last is answered.
 *
 * @param entries as they were taken, or parsed from their JSON
 * @param options those of the allocator that was recorded; for `shuffle` a `random` of the same seed
 * @throws InvalidError for an entry that is malformed, or where calls were omitted
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { AllocatorTrace, createAllocator, replayTrace, resources } from 'keelson/offers'
 *
 * const trace = new AllocatorTrace()
 * const allocator = createAllocator({ trace })
 * allocator.apply(
 *   { type: 'agent', agent: { id: 'a1', resources: resources('cpus:4') } },
 *   { type: 'framework', id: 'web', roles: [{ role: 'prod' }] }
 * )
 * allocator.run(0)
 * const lines = trace.take().map(entry => JSON.stringify(entry))
 * const entries = lines.map(line => JSON.parse(line) as unknown)
 * assert.equal(replayTrace(entries).difference, undefined)
 * assert.equal(replayTrace(entries, { grain: { share: 0.5 } }).difference?.index, 3)
 * ```
 */
export function replayTrace(entries: Iterable<unknown>, options: AllocatorOptions = {}): TraceReplay {
  const { trace: _ours, ...rules } = options
  let allocator = createAllocator(rules)
  let index = 0
  for (const value of entries) {
    const entry = traceEntry(value, index)
    if (entry.call === 'start')
      allocator =
        entry.snapshot === undefined ? createAllocator(rules) : restoreAllocator(entry.snapshot, rules)
    else {
      const recorded = outcomeOf(entry)
      const now = performAt(index, allocator, entry)
      if (now !== recorded) return { allocator, replayed: index, difference: { index, recorded, now } }
    }
    index++
  }
  return { allocator, replayed: index }
}

type Call = Exclude<TraceEntry, { readonly call: 'start' }>

function outcomeOf(entry: Call): string {
  switch (entry.call) {
    case 'run':
    case 'offerTo':
      return textOf(entry.grants)
    case 'claim':
      return textOf(entry.take)
    default:
      return ''
  }
}

/** What is in an entry is only seen when it is performed. */
function performAt(index: number, allocator: Allocator, entry: Call): string {
  try {
    return perform(allocator, entry)
  } catch (error) {
    const message = `cannot be performed: ${String(error)}`
    throw new InvalidError('trace', [{ field: `[${index}]`, value: entry.call, message }])
  }
}

/** Does it again; what is refused now came to something else than it did. */
function perform(allocator: Allocator, entry: Call): string {
  try {
    switch (entry.call) {
      case 'apply':
        allocator.apply(eventOf(entry.event))
        return ''
      case 'run':
        return textOf(allocator.run(entry.nowMs, entry.scope))
      case 'offerTo':
        return textOf(allocator.offerTo(entry.of, entry.agents))
      case 'claim': {
        const { resources: asked } = entry.request
        const verdict = allocator.claim({ ...entry.request, resources: setOf(asked) })
        return textOf('take' in verdict ? verdict.take : verdict)
      }
      default:
        return ''
    }
  } catch (error) {
    if (isKeelsonError(error, 'Invalid', 'Usage')) return error.message
    throw error
  }
}

/** With sets of resources where JSON has lists. */
function eventOf(event: AllocatorEvent): AllocatorEvent {
  switch (event.type) {
    case 'agent':
      return { ...event, agent: { ...event.agent, resources: setOf(event.agent.resources) } }
    case 'return':
    case 'take':
      return { ...event, resources: setOf(event.resources) }
    case 'convert':
      return { ...event, from: setOf(event.from), to: setOf(event.to) }
    default:
      return event
  }
}

function setOf(list: Iterable<Resource>): ReturnType<typeof resources> {
  return resources(list)
}

function textOf(value: unknown): string {
  return canonicalJson(JSON.parse(JSON.stringify(value)))
}
