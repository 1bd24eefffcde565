import fc from 'fast-check'
import { expect } from 'vitest'
import type { Labels } from '../../../src/store/engine/label-postings.js'
import { LabelPostings } from '../../../src/store/engine/label-postings.js'
import { Postings } from '../../../src/store/engine/postings.js'
import type { Entry, Version } from '../../../src/store/engine/version.js'
import { compareEntries } from '../../../src/store/engine/version.js'

type Step =
  | {
      readonly kind: 'write'
      readonly entry: number
      readonly labels: Labels
      readonly terms: readonly string[]
    }
  | { readonly kind: 'remove'; readonly entry: number }
  | { readonly kind: 'cut'; readonly entry: number }
  | { readonly kind: 'look'; readonly value: string }

const values = ['x', 'y', 'constructor']
const value = fc.constantFrom(...values)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('write' as const),
      entry: fc.nat(7),
      labels: fc.dictionary(fc.constantFrom('app', 'tier', 'constructor'), value, { maxKeys: 2 }),
      terms: fc.uniqueArray(value),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), entry: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut' as const), entry: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('look' as const), value }) },
)

interface Kept {
  readonly labels: Labels
  readonly terms: readonly string[]
}

const NOTHING: Kept = { labels: {}, terms: [] }

/** Both kinds of postings, and all versions of all entries, oldest first. */
class World {
  readonly labels = new LabelPostings()
  readonly terms = new Postings()
  readonly entries = Array.from({ length: 8 }, (_, index) => ({
    name: `n${index % 5}`,
    space: { name: index < 5 ? 'a' : 'b' },
    head: undefined as Version | undefined,
    kept: [NOTHING],
  }))

  write(index: number, after: Kept, isThere: boolean): void {
    const entry = this.#at(index)
    const before = entry.kept.at(-1) as Kept
    entry.kept.push(after)
    const object = isThere ? { metadata: { labels: after.labels } } : undefined
    entry.head = { object, terms: after.terms } as Version
    this.labels.change(entry, before.labels, after.labels)
    this.terms.change(entry, before.terms, after.terms)
  }

  /** Cuts the oldest version, which another one has followed. */
  cut(index: number): void {
    const entry = this.#at(index)
    const [before, after] = entry.kept
    if (before === undefined || after === undefined) return
    entry.kept.shift()
    this.labels.cut(entry, before.labels, after.labels)
    this.terms.cut(entry, before.terms, after.terms)
  }

  /** The slow, obvious answer: a look at every version of every entry. */
  check(text: string): void {
    this.#compare(this.labels.find('app', text), kept => kept.labels['app'] === text)
    this.#compare(this.terms.find(text), kept => kept.terms.includes(text))
  }

  #compare(posting: ReturnType<Postings['find']>, has: (kept: Kept) => boolean): void {
    const now = this.entries.filter(({ kept }) => has(kept.at(-1) as Kept)).sort(compareEntries)
    const ever = this.entries.filter(({ kept }) => kept.some(has))
    expect(posting?.size ?? 0).toBe(now.length)
    expect(posting?.entries ?? []).toEqual(now)
    const found: Entry[] = posting?.everyEntry() ?? []
    expect(new Set(found).size).toBe(found.length)
    expect(new Set(found)).toEqual(new Set(ever))
  }

  #at(index: number): World['entries'][number] {
    return this.entries[index] as World['entries'][number]
  }
}

/** Postings are what a look at every version would find, whenever somebody looks; and nothing is left of what was cut. */
export function checkPostings(runs: number): void {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), steps => {
      const world = new World()
      for (const one of steps) {
        if (one.kind === 'write') world.write(one.entry, one, true)
        else if (one.kind === 'remove') world.write(one.entry, NOTHING, false)
        else if (one.kind === 'cut') world.cut(one.entry)
        else world.check(one.value)
      }
      for (const text of values) world.check(text)
      for (const index of world.entries.keys()) {
        world.write(index, NOTHING, false)
        for (let count = 0; count <= steps.length + 1; count++) world.cut(index)
      }
      expect([world.labels.size, world.terms.size]).toEqual([0, 0])
    }),
    { numRuns: runs },
  )
}
