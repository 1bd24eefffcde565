import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { indexViolations, recordViolations } from './records.js'

const folder = resolve(import.meta.dirname, '../../docs/decisions')
const read = (name: string): string => readFileSync(join(folder, name), 'utf8')
const records = readdirSync(folder)
  .filter(name => name !== 'README.md')
  .map(name => ({ name, text: read(name) }))

describe('decision records', () => {
  test('there are some', () => {
    expect(records.length).toBeGreaterThan(30)
  })

  test('have one form', () => {
    expect(records.flatMap(recordViolations)).toEqual([])
  })

  test('have numbers of their own', () => {
    const numbers = records.map(({ name }) => name.slice(0, 4))
    expect(numbers).toEqual([...new Set(numbers)])
  })

  test('are all in the index, by their titles', () => {
    expect(indexViolations(read('README.md'), records)).toEqual([])
  })
})

const text = [
  '# 0007: One thing',
  '',
  '*2026-11-21, accepted.*',
  ...['Context', 'Decision', 'Consequences', 'Rejected'].map(title => `\n## ${title}\n\nIt is so.`),
  '',
].join('\n')
const good = { name: '0007-one-thing.md', text }
const line = '- [0007](0007-one-thing.md): One thing. It\n  is so.'

describe('the checker', () => {
  test('takes a record in the form', () => {
    expect(recordViolations(good)).toEqual([])
    expect(recordViolations({ ...good, text: text.replace('accepted', 'superseded by 0008') })).toEqual([])
  })

  test.each([
    ['another name', { ...good, name: '7-one-thing.md' }, 'is not named NNNN'],
    ['a dash for a colon', { ...good, text: text.replace(':', ' —') }, ':1 must be "# 0007: Title"'],
    ['the number of another', { ...good, text: text.replace('0007', '0008') }, ':1 must be'],
    ['no title', { ...good, text: text.replace('One thing', '') }, ':1 must be'],
    ['no date', { ...good, text: text.replace('2026-11-21, ', '') }, ':3 must be a date and a status'],
    ['no status', { ...good, text: text.replace(', accepted', '') }, ':3 must be'],
    ['an unknown status', { ...good, text: text.replace('accepted', 'proposed') }, ':3 must be'],
    ['a missing section', { ...good, text: text.replace('## Rejected', '') }, 'has the sections'],
    ['a section too many', { ...good, text: `${text}\n## Notes\n\nMore.\n` }, 'has the sections'],
    [
      'bold words for headings',
      { ...good, text: text.replaceAll(/## (\w+)\n/g, '**$1.**') },
      'sections none',
    ],
    [
      'an empty section',
      { ...good, text: text.replace('## Decision\n\nIt is so.', '## Decision\n') },
      'is empty',
    ],
  ])('finds %s', (_fault, record, says) => {
    expect(recordViolations(record)).toContainEqual(expect.stringContaining(says))
  })

  test('takes an index with a line for each record', () => {
    expect(indexViolations(`# Records\n\n${line}\n`, [good])).toEqual([])
  })

  test.each([
    ['a missing line', '# Records\n', 'has 0 lines'],
    ['two lines', `${line}\n${line}\n`, 'has 2 lines'],
    ['another title', line.replace('One thing', 'Another'), 'must say of 0007-one-thing.md'],
    ['another number', line.replace('0007]', '0008]'), 'must say of'],
    ['a title alone', line.replace(/ It\s+is so\./, ''), 'must say of'],
    [
      'a line without a record',
      `${line}\n${line.replaceAll('0007', '0008')}`,
      '0008-one-thing.md, which does not exist',
    ],
  ])('finds %s', (_fault, index, says) => {
    expect(indexViolations(index, [good])).toEqual([expect.stringContaining(says)])
  })
})
