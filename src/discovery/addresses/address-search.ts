import type { FieldProblem, Random } from '../../core/index.js'
import type { Bitset } from '../../core/internal.js'
import { isRecord } from '../../core/internal.js'
import { hashText } from '../structures/text-hash.js'
import type { AddressSpace, Span } from './address-space.js'

/**
 * Where the search for a free address begins: at the lowest, after the last one given, at a random place, or at
 * a place that follows from the owner's name.
 */
export type AddressStrategy =
  | { readonly kind: 'lowest' | 'next' | 'hash' }
  | { readonly kind: 'random'; readonly random: Random }

const KINDS: Readonly<Record<AddressStrategy['kind'], true>> = {
  lowest: true,
  next: true,
  hash: true,
  random: true,
}

/** What is wrong with a strategy. */
export function strategyProblems(strategy: AddressStrategy): readonly FieldProblem[] {
  const kind: unknown = isRecord(strategy) ? strategy.kind : undefined
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    const message = `must be { kind }, one of ${Object.keys(KINDS).join(', ')}`
    return [{ field: 'strategy', value: kind ?? strategy, message }]
  }
  const random: unknown = Reflect.get(strategy, 'random')
  if (kind !== 'random' || (isRecord(random) && typeof random['next'] === 'function')) return []
  const message = "must be a source of chance, such as createSeededRandom('pool')"
  return [{ field: 'strategy.random', value: random, message }]
}

/** Where to begin in a list of spans. */
export type Start = (spans: readonly Span[]) => number

/** The start that a strategy gives to one search. */
export function startOf(strategy: AddressStrategy, owner: string, cursor: number): Start {
  switch (strategy.kind) {
    case 'lowest':
      return spans => spans[0]?.from ?? 0
    case 'next':
      return () => cursor
    case 'hash':
      return spans => nth(spans, hashText(owner) % Math.max(1, sizeOf(spans)))
    case 'random':
      return spans => nth(spans, Math.floor(strategy.random.next() * sizeOf(spans)))
  }
}

function sizeOf(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + span.to - span.from, 0)
}

function nth(spans: readonly Span[], position: number): number {
  let left = position
  for (const span of spans) {
    if (left < span.to - span.from) return span.from + left
    left -= span.to - span.from
  }
  return 0
}

/**
 * The first free number from the start on, wrapping round; the static bands only when the rest is full.
 *
 * @param family looks in blocks of that family only
 */
export function search(space: AddressSpace, taken: Bitset, start: Start, family?: 4 | 6): number | undefined {
  for (const all of [space.dynamic, space.static]) {
    const spans = family === undefined ? all : all.filter(span => span.family === family)
    const index = firstFree(spans, taken, start(spans)) ?? firstFree(spans, taken, 0)
    if (index !== undefined) return index
  }
  return undefined
}

function firstFree(spans: readonly Span[], taken: Bitset, from: number): number | undefined {
  for (const span of spans) {
    if (span.to <= from) continue
    const index = taken.firstClear(Math.max(span.from, from))
    if (index !== undefined && index < span.to) return index
  }
  return undefined
}
