import { InvalidError } from '../errors.js'
import { compareText } from '../text/compare-text.js'
import {
  formatResourceAmount,
  parseResourceAmount,
  ResourceRangeError,
  resourceName,
} from './resource-units.js'

/**
 * Amounts by resource name, each a safe integer in the base unit of its resource (see `resourceUnit`):
 * `{ cpu: 500, memory: 1073741824, pods: 1 }`. A name that is absent means 0.
 */
export type ResourceVector = Readonly<Record<string, number>>

/** How resources are written by people: quantities as text, or plain numbers in whole units. */
export type ResourceInput = Readonly<Record<string, string | number>>

/**
 * Reads what a person wrote: `{ cpu: '500m', memory: '1Gi' }`, or with aliases `{ cpus: 0.5, mem: 1024 }`.
 * Zeros are kept, so that "asks for none" and "says nothing" stay apart; arithmetic treats both as 0.
 *
 * @throws InvalidError when an amount is not acceptable or a resource is given under two names
 * @throws ResourceRangeError when an amount is 2^53 base units or more
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { addResources, formatResources, parseResources } from 'keelson/core'
 *
 * const used = parseResources({ cpu: 0.1, memory: '1Gi' })
 * const total = addResources(used, parseResources({ cpus: 0.2, mem: 512 }))
 * assert.deepEqual(total, { cpu: 300, memory: 1610612736 })
 * assert.deepEqual(formatResources(total), { cpu: '300m', memory: '1536Mi' })
 * ```
 */
export function parseResources(input: ResourceInput): ResourceVector {
  const amounts = new Map<string, number>()
  for (const given of Object.keys(input).sort()) {
    const name = resourceName(given)
    if (amounts.has(name)) {
      const message = 'is given twice, also under an alias; keep one of them'
      throw new InvalidError('resources', [{ field: given, value: input[given], message }])
    }
    amounts.set(name, parseResourceAmount(given, input[given] ?? ''))
  }
  return Object.freeze(Object.fromEntries([...amounts].sort(([a], [b]) => compareText(a, b))))
}

/** Canonical Kubernetes quantities, in the order of the names. Zeros are kept. */
export function formatResources(vector: ResourceVector): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {}
  for (const name of Object.keys(vector).sort())
    texts[name] = formatResourceAmount(name, amountOf(vector, name))
  return texts
}

/** The amount of one resource; 0 when absent. */
export function amountOf(vector: ResourceVector, name: string): number {
  return Object.hasOwn(vector, name) ? (vector[name] ?? 0) : 0
}

/**
 * The sum. Zeros are dropped from the result, as from every result below.
 *
 * @throws ResourceRangeError when an amount is 2^53 or more
 */
export function addResources(a: ResourceVector, b: ResourceVector): ResourceVector {
  return mapResources([a, b], name => amountOf(a, name) + amountOf(b, name))
}

/** The signed difference: negative where `b` has more. */
export function subtractResources(a: ResourceVector, b: ResourceVector): ResourceVector {
  return mapResources([a, b], name => amountOf(a, name) - amountOf(b, name))
}

/** Whether `a` has at least as much as `b` of every resource. Exact. */
export function containsResources(a: ResourceVector, b: ResourceVector): boolean {
  return missingResource(a, b) === undefined
}

/** The first resource, by name, of which `a` has less than `b`. */
export function missingResource(a: ResourceVector, b: ResourceVector): string | undefined {
  let missing: string | undefined
  for (const name of namesOf([a, b])) {
    if (amountOf(a, name) < amountOf(b, name) && (missing === undefined || name < missing)) missing = name
  }
  return missing
}

function namesOf(vectors: readonly ResourceVector[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const vector of vectors) for (const name of Object.keys(vector)) names.add(name)
  return names
}

/** Names come out sorted, so that equal vectors are written alike. */
function mapResources(vectors: readonly ResourceVector[], amount: (name: string) => number): ResourceVector {
  const result: Record<string, number> = {}
  for (const name of [...namesOf(vectors)].sort()) {
    const value = amount(name)
    if (!Number.isSafeInteger(value)) throw new ResourceRangeError(name, value)
    if (value !== 0) result[name] = value
  }
  return Object.freeze(result)
}
