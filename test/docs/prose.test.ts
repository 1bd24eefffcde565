import { describe, expect, test } from 'vitest'
import { pages, readPage, sources } from './pages.js'
import { proseViolations, unknownNames } from './prose.js'

const known = new Set(sources.flatMap(({ text }) => text.match(/[A-Za-z_$][\w$]*/g) ?? []))
const own = pages.filter(path => path !== 'CHANGELOG.md')
const guides = own.filter(path => !path.startsWith('docs/decisions/'))

test.each(own)('%s has short lines and plain words', page => {
  expect(proseViolations(page, readPage(page) ?? '')).toEqual([])
})

test.each(guides)('%s speaks of names that exist', page => {
  expect(unknownNames(page, readPage(page) ?? '', known)).toEqual([])
})

describe('the checker', () => {
  test('passes over code, and over plain words', () => {
    const page = 'A table is `set apart`.\n```text\nnobody goes on for ever\n```\nThere is none left.\n'
    expect(proseViolations('a.md', page)).toEqual([])
  })

  test.each([
    ['for a policy that there is not', 'say missing, or unknown'],
    ['a name that is none', 'say invalid'],
    ['it waits for\never', 'says "for ever"; say without end'],
    ['two cannot be told apart', 'say distinguished'],
    ['tells them apart', 'say distinguished'],
    ['it begins anew', 'say again'],
    ['the write goes on', 'say continue'],
    ['Nobody hears of it', 'says "Nobody"'],
    ['x'.repeat(121), 'has 121 columns, at most 120'],
    [`| ${'x'.repeat(160)}`, 'has 162 columns, at most 160'],
  ])('finds %s', (prose, says) => {
    expect(proseViolations('a.md', `Good.\n${prose}\n`)).toEqual([
      expect.stringMatching(new RegExp(`^a\\.md:2 .*${says}`)),
    ])
  })

  test('finds a name that was removed, and passes over words of others', () => {
    const page = [
      '`maxSurge`, `createGone({ maxSurge })`, `status: "x"`, `\'aWord\'`',
      '```ts',
      'a(`inCode`)',
      '```',
      '## Coming from elsewhere',
      '`ViewAndWatch`',
    ].join('\n')
    expect(unknownNames('a.md', page, new Set(['maxSurge']))).toEqual([
      'a.md speaks of createGone, which the sources do not have',
    ])
  })
})
