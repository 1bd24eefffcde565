import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareText } from '../../../../src/core/internal.js'
import type { StoredObject } from '../../../../src/store/index.js'
import { StateLines } from '../../../../src/testing/simulation/objects/state-lines.js'

const NOW_MS = Date.UTC(2026, 0, 1, 12)
const SUFFIXES = ['bcdfg', 'x7k2p', 'zzzzz']

/** Lines of a world, before it is said which uids, times and suffixes are in the places that are called by number. */
interface World {
  readonly lines: readonly string[]
  readonly uids: readonly string[]
  readonly agesS: readonly number[]
  readonly suffixes: readonly string[]
  /** How many of the suffixes were appended by the store. */
  readonly generated: number
  readonly nowMs: number
}

const places = fc.array(
  fc.tuple(
    fc.constantFrom('pod', 'did', 'told "web'),
    fc.constantFrom('<uid>', '<time>', '<epoch>', '-<suffix>', 'same'),
    fc.nat(2),
  ),
  { minLength: 1, maxLength: 4 },
)
const worlds: fc.Arbitrary<World> = fc.record({
  lines: fc.array(
    places.map(parts => parts.map(([word, what, at]) => `${word}${what.replace('>', ` ${at}>`)}`).join(' ')),
    { minLength: 1, maxLength: 5 },
  ),
  uids: fc.shuffledSubarray(['uid-000001', 'uid-000002', 'uid-000003', 'uid-000009'], {
    minLength: 3,
    maxLength: 3,
  }),
  agesS: fc.array(fc.integer({ min: -2, max: 90_000 }), { minLength: 3, maxLength: 3 }),
  suffixes: fc.shuffledSubarray(SUFFIXES, { minLength: 3 }),
  generated: fc.nat(3),
  nowMs: fc.nat(100_000).map(ms => NOW_MS + ms),
})

function linesOf({ lines, uids, agesS, suffixes, nowMs }: World): readonly string[] {
  return lines.map(line =>
    line.replace(/<(\w+) (\d)>/g, (_all, what: string, place: string) => {
      const at = Number(place)
      const atMs = nowMs - (agesS[at] as number) * 1_000
      if (what === 'uid') return uids[at] as string
      if (what === 'suffix') return suffixes[at] as string
      return what === 'time' ? new Date(atMs).toISOString() : ` ${atMs}`
    }),
  )
}

/** What the store has made of prefixes. */
function objectsOf({ suffixes, generated }: World): readonly StoredObject[] {
  return suffixes
    .slice(0, generated)
    .map(suffix => ({ metadata: { name: `web-${suffix}` } }) as unknown as StoredObject)
}

/** The same, the slow way: all lines are one text, in which everything that chance has made is replaced. */
function slowTextOf(world: World): string {
  const generated = objectsOf(world).map(({ metadata }) => metadata.name.slice(-'-xxxxx'.length))
  const token = String.raw`uid-\d{6}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z|(?<![\w.])[12]\d{12}(?![\w.])`
  const pattern = new RegExp([...generated, token].join('|'), 'g')
  const mask = (line: string): string =>
    line.replace(pattern, found => (found.startsWith('uid-') ? '*' : found.startsWith('-') ? '?' : '!'))
  const lines = linesOf(world)
  const ordered = generated.length === 0 ? lines : lines.toSorted((a, b) => compareText(mask(a), mask(b)))
  const names = new Map<string, string>()
  return ordered.join('\n').replace(pattern, found => {
    if (/^(?:uid|-)/.test(found)) {
      if (!names.has(found)) names.set(found, `#${names.size}`)
      return names.get(found) as string
    }
    const atMs = /^\d+$/.test(found) ? Number(found) : Date.parse(found)
    return `${Math.floor((world.nowMs - atMs) / 1_000)} s ago`
  })
}

describe('lines of states', () => {
  test('two worlds have one text exactly if all their words, one by one, are the same but for chance', () => {
    const lines = new StateLines()
    const textOf = (world: World): string =>
      lines.textOf(
        linesOf(world).map(line => [lines.of(line)]),
        objectsOf(world),
        world.nowMs,
      )
    const all = fc.tuple(
      worlds,
      worlds,
      fc.subarray(['uids', 'suffixes', 'nowMs', 'agesS', 'lines'] as const),
    )
    let same = 0
    fc.assert(
      fc.property(all, ([one, drawn, others]) => {
        const other = { ...one }
        for (const field of others) Object.assign(other, { [field]: drawn[field] })
        // What looks alike in one order may not in another, so worlds are compared where nothing is of one mask.
        fc.pre(
          one.generated === 0 ||
            new Set(one.lines.map(line => line.replace(/\d/g, ''))).size === one.lines.length,
        )
        const isSame = slowTextOf(one) === slowTextOf(other)
        if (isSame) same++
        expect(textOf(one) === textOf(other)).toBe(isSame)
      }),
      { numRuns: 300 },
    )
    expect(same).toBeGreaterThan(30)
  })
})
