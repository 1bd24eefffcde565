import { expect, test } from 'vitest'
import { LabelPostings } from '../../src/store/engine/label-postings.js'
import type { Entry, Version } from '../../src/store/engine/version.js'
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
