import fc from 'fast-check'
import { expect, test } from 'vitest'
import { LabelPostings } from '../../src/store/engine/label-postings.js'
import { Posting } from '../../src/store/engine/posting.js'
import type { Entry, Version } from '../../src/store/engine/version.js'
import { compareEntries } from '../../src/store/engine/version.js'
import { checkPostings } from './laws/postings-law.js'

test('postings find what a look at every version would find', () => {
  checkPostings(1_000)
})

test('entries that come and go while nobody looks do not pile up', () => {
  const postings = new LabelPostings()
  const entries = Array.from({ length: 10 }, (_, index) => ({
    name: `n${index}`,
    space: { name: '' },
    head: undefined as Version | undefined,
  }))
  const label = (entry: (typeof entries)[number], before: object, after: object): void => {
    entry.head = { object: { metadata: { labels: after } } } as unknown as Version
    postings.change(entry, before as Record<string, string>, after as Record<string, string>)
    postings.cut(entry, before as Record<string, string>, after as Record<string, string>)
  }
  let compared = 0
  const counted: Entry = {
    space: { name: '' },
    get name() {
      compared++
      return 'counted'
    },
    head: { object: { metadata: { labels: { app: 'web' } } } } as unknown as Version,
  }
  postings.change(counted, {}, { app: 'web' })
  for (let round = 0; round < 1_000; round++)
    for (const entry of entries) {
      label(entry, {}, { app: 'web' })
      label(entry, { app: 'web' }, {})
    }
  const before = compared
  expect(postings.find('app', 'web')?.entries).toEqual([counted])
  // As many as wait at most, however many have come and gone.
  expect(compared - before).toBeLessThan(200)
})

/** Entries hold the value while they are in `held`. */
class HeldPosting extends Posting {
  readonly held = new Set<Entry>()

  protected override holds(entry: Entry): boolean {
    return this.held.has(entry)
  }

  toggle(entry: Entry): void {
    if (this.held.delete(entry)) this.leave(entry)
    else {
      this.held.add(entry)
      this.join(entry)
    }
  }
}

test('of many entries a few changes, and many, leave those that are there, in the order of their keys', () => {
  const entries: readonly Entry[] = Array.from({ length: 40 }, (_, at) => ({
    space: { name: at < 30 ? 'a' : 'b' },
    name: `n${(at * 7) % 40}`,
    head: undefined,
  }))
  const changes = fc.array(fc.nat(39), { minLength: 1, maxLength: 12 })
  const rounds = fc.array(changes, { maxLength: 10 })
  fc.assert(
    fc.property(rounds, told => {
      const posting = new HeldPosting()
      for (const entry of entries) posting.toggle(entry)
      for (const round of [[], ...told]) {
        const [shown, before] = [posting.entries, [...posting.entries]]
        for (const at of round) posting.toggle(entries[at] as Entry)
        expect(posting.entries).toEqual([...posting.held].sort(compareEntries))
        // Somebody may be walking the list that was shown.
        expect(shown).toEqual(before)
      }
    }),
    { numRuns: 50 },
  )
})
