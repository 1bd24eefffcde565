import { describe, test } from 'vitest'
import { checkBorder } from '../store/laws/border-law.js'
import { checkPostings } from '../store/laws/postings-law.js'
import { checkWatchGroups } from '../store/laws/watch-groups-law.js'

const HISTORIES = 100_000

/** What the store does in a clever way, beside the slow, obvious one. */
describe(`on ${HISTORIES} random histories`, () => {
  test('the border takes in an equal frozen copy, or refuses', () => {
    checkBorder(HISTORIES)
  }, 600_000)

  test('postings find what a look at every version would find', () => {
    checkPostings(HISTORIES)
  }, 600_000)

  test('watchers that are served together are told what each would be told alone', async () => {
    await checkWatchGroups(HISTORIES)
  }, 1_200_000)
})
