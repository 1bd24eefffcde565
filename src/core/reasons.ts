import { InvalidError } from './errors.js'
import { assertKnown, knownOptions } from './known-options.js'
import { compareText } from './text/compare-text.js'

/** Why something was refused, as data. */
export interface Reason {
  /** Stable identifier to switch on, for example `InsufficientResource`. */
  readonly code: string
  /**
   * Short text without a final stop, the same for every node refused alike, for example `Insufficient cpu`.
   */
  readonly message: string
  /** Facts behind the message. */
  readonly params?: Readonly<Record<string, string | number | boolean>>
}

/** One node and why it was refused; a node may have several reasons. */
export interface Rejection {
  readonly node: string
  readonly reasons: readonly Reason[]
}

/** A reason, how many nodes gave it, and a few of them. */
export interface CountedReason extends Reason {
  /** Nodes refused with this code and message. */
  readonly count: number
  /** The first names in ascending order. */
  readonly samples: readonly string[]
}

/** Everything that kept nodes from being chosen, counted. Plain JSON. */
export interface ReasonSummary {
  /** Nodes that were looked at. */
  readonly total: number
  /** Nodes that were not refused. */
  readonly available: number
  /** Most frequent first, then by code and message. */
  readonly reasons: readonly CountedReason[]
  /** Distinct reasons left out because there were more than `reasonsMax`. */
  readonly omitted: number
}

/** Bounds of a summary. */
export interface RollUpOptions {
  /** Nodes that were looked at, when more than were refused. Default: the number of refused nodes. */
  readonly total?: number
  /** Node names kept per reason; the rest is only counted. Default 3. */
  readonly samplesMax?: number
  /** Distinct reasons kept; the least frequent are left out and counted in `omitted`. Default 50. */
  readonly reasonsMax?: number
}

const ROLL_UP_OPTIONS = /* @__PURE__ */ knownOptions<RollUpOptions>('rollUpReasons', {
  total: true,
  samplesMax: true,
  reasonsMax: true,
})

/** Names that are kept of a reason. */
const SAMPLES_MAX = 3

/**
 * Counts rejections. The result does not depend on the order in which they come; a reason that a node gives
 * twice counts once, and a node named twice is one node. Of the params, those of the first sampled node are
 * kept.
 *
 * @throws InvalidError when `total` is less than the number of refused nodes
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { renderReasons, rollUpReasons } from 'keelson/core'
 *
 * const cpu = { code: 'InsufficientResource', message: 'Insufficient cpu', params: { resource: 'cpu' } }
 * const taint = { code: 'UntoleratedTaint', message: 'node(s) had untolerated taint {a: b}' }
 * const summary = rollUpReasons([
 *   { node: 'n1', reasons: [cpu] },
 *   { node: 'n2', reasons: [cpu] },
 *   { node: 'n3', reasons: [taint] }
 * ])
 * assert.equal(
 *   renderReasons(summary),
 *   '0/3 nodes are available: 2 Insufficient cpu, 1 node(s) had untolerated taint {a: b}.'
 * )
 * ```
 */
export function rollUpReasons(rejections: Iterable<Rejection>, options: RollUpOptions = {}): ReasonSummary {
  assertKnown(options, ROLL_UP_OPTIONS)
  const nodes = new Set<string>()
  const groups = new Map<string, Map<string, Reason>>()
  // Most nodes share the very same reason: it is looked at once.
  const groupOf = new Map<Reason, Map<string, Reason>>()
  for (const { node, reasons } of rejections) {
    nodes.add(node)
    for (const reason of reasons) {
      let group = groupOf.get(reason)
      if (group === undefined) {
        const key = groupKey(reason)
        group = groups.get(key) ?? new Map<string, Reason>()
        groups.set(key, group)
        groupOf.set(reason, group)
      }
      const known = group.get(node)
      if (known === undefined || paramsText(reason) < paramsText(known)) group.set(node, reason)
    }
  }
  const counted = [...groups.values()].map(group => countReason(group, options))
  return summaryOf(counted, nodes.size, options)
}

/**
 * The same of nodes that are known to be different, each refused for one reason: by reason, those that it refuses.
 * Reasons of one code and message are one. O(nodes), and nothing is looked up for each.
 */
export function rollUpRefused(
  refused: ReadonlyMap<Reason, readonly string[]>,
  options: RollUpOptions = {},
): ReasonSummary {
  assertKnown(options, ROLL_UP_OPTIONS)
  const { samplesMax = SAMPLES_MAX } = options
  const most = Math.max(1, samplesMax)
  const groups = new Map<string, { reason: Reason; count: number; samples: string[] }>()
  let refusedNodes = 0
  for (const [reason, nodes] of refused) {
    refusedNodes += nodes.length
    const samples = lowest(nodes, most)
    const key = groupKey(reason)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { reason, count: nodes.length, samples })
    else {
      if ((samples[0] ?? '') < (group.samples[0] ?? '')) group.reason = reason
      group.samples = lowest([...group.samples, ...samples], most)
      group.count += nodes.length
    }
  }
  const counted = [...groups.values()].map(
    ({ reason, count, samples }): CountedReason => ({
      ...reason,
      count,
      samples: samples.slice(0, samplesMax),
    }),
  )
  return summaryOf(counted, refusedNodes, options)
}

/** Reasons with the same one are counted together. */
function groupKey({ code, message }: Reason): string {
  return JSON.stringify([code, message])
}

function summaryOf(
  counted: CountedReason[],
  refused: number,
  { total = refused, reasonsMax = 50 }: RollUpOptions,
): ReasonSummary {
  if (total < refused) {
    const message = `must be at least the number of refused nodes, ${refused}`
    throw new InvalidError('reason summary', [{ field: 'total', value: total, message }])
  }
  counted.sort(byFrequency)
  return {
    total,
    available: total - refused,
    reasons: counted.slice(0, reasonsMax),
    omitted: Math.max(0, counted.length - reasonsMax),
  }
}

function countReason(
  group: ReadonlyMap<string, Reason>,
  { samplesMax = SAMPLES_MAX }: RollUpOptions,
): CountedReason {
  const samples = lowest(group.keys(), Math.max(1, samplesMax))
  const reason = group.get(samples[0] ?? '') ?? { code: '', message: '' }
  return { ...reason, count: group.size, samples: samples.slice(0, samplesMax) }
}

/** The first names in order, at most so many, without sorting the others. */
function lowest(names: Iterable<string>, most: number): string[] {
  const first: string[] = []
  for (const name of names) {
    if (first.length === most && name >= (first[most - 1] as string)) continue
    let at = first.length
    while (at > 0 && name < (first[at - 1] as string)) at--
    first.splice(at, 0, name)
    if (first.length > most) first.pop()
  }
  return first
}

function byFrequency(a: CountedReason, b: CountedReason): number {
  return b.count - a.count || compareText(a.code, b.code) || compareText(a.message, b.message)
}

function paramsText({ params = {} }: Reason): string {
  return JSON.stringify(
    Object.keys(params)
      .sort()
      .map(name => [name, params[name]]),
  )
}

/** The summary in one sentence, in Kubernetes' manner: `0/5 nodes are available: 3 Insufficient cpu, 2 …`. */
export function renderReasons({ total, available, reasons, omitted }: ReasonSummary): string {
  const parts = reasons.map(({ count, message }) => `${count} ${message}`)
  if (omitted > 0) parts.push(`and ${omitted} more ${omitted === 1 ? 'reason' : 'reasons'}`)
  const head = `${available}/${total} nodes are available`
  return parts.length === 0 ? `${head}.` : `${head}: ${parts.join(', ')}.`
}
