import { describe, expect, test } from 'vitest'
import { friends, shellFriends, withShell } from '../architecture/direction.js'
import { floors } from '../architecture/floors.js'
import {
  floorTextViolations,
  layerViolations,
  pageViolations,
  ruleViolations,
  wordViolations,
} from './architecture.js'
import { readPage, sources } from './pages.js'

const page = readPage('docs/architecture.md') ?? ''
const folders = sources.map(({ path }) => path.split('/')).filter(parts => parts.length > 2)
const areas = [...new Set(folders.map(([, area = '']) => area))]

describe('the map of the code', () => {
  test('is short, and names files that exist', () => {
    expect(pageViolations(page, readPage)).toEqual([])
  })

  test('has a meaning and a file for each word', () => {
    expect(wordViolations(page)).toEqual([])
  })

  test('says where at least 25 rules live, and under which name', () => {
    expect(ruleViolations(page, readPage)).toEqual([])
  })

  test('draws the layers as the laws of the tree have them', () => {
    expect(layerViolations(page, { areas, friends, withShell, shellFriends })).toEqual([])
  })

  test('shows floors as the laws of the tree have them', () => {
    expect(floorTextViolations(page, floors)).toEqual([])
  })
})

describe('the checker', () => {
  const files = new Map([
    ['src/a/one.ts', '/** Not `onlyTold`. */\nexport function decide() {} // nor onlyTold'],
    ['src/a', ''],
  ])
  const read = (path: string): string | undefined => files.get(path)

  test('takes a page that is short, with files and folders that exist', () => {
    expect(pageViolations(`${'x\n'.repeat(159)}see \`src/a/one.ts\`, \`src/a\`\n`, read)).toEqual([])
  })

  test.each([
    ['a long page', 'x\n'.repeat(161), 'has 161 lines, at most 160'],
    ['a missing file', 'see `src/a/two.ts`', 'names src/a/two.ts, which does not exist'],
    ['a missing test', '| a | `test/two.ts` |', 'names test/two.ts'],
  ])('finds %s', (_fault, text, says) => {
    expect(pageViolations(text, read)).toEqual([expect.stringContaining(says)])
  })

  const words = (...rows: string[]): string =>
    ['## Words', '', '| word | meaning | file |', '| --- | --- | --- |', ...rows, '', '## More', ''].join(
      '\n',
    )
  test('takes words with a meaning and a file', () => {
    expect(wordViolations(words('| one | the first | `src/a/one.ts` |'))).toEqual([])
  })

  test.each([
    ['no file', '| one | the first |', 'one needs'],
    ['a folder', '| one | the first | `src/a` |', 'one needs'],
    ['two files', '| one | the first | `src/a/one.ts`, `src/a/two.ts` |', 'one needs'],
    ['no meaning', '| one | | `src/a/one.ts` |', 'one needs'],
    ['no word', '| | the first | `src/a/one.ts` |', 'a word needs'],
  ])('finds a word with %s', (_fault, row, says) => {
    expect(wordViolations(words(row))).toEqual([expect.stringContaining(says)])
  })

  const many = Array.from({ length: 25 }, (_, at) => `| When ${at}? | \`src/a/one.ts\` | \`decide\` |`)
  const rules = (...rows: string[]): string =>
    ['## Where a rule lives', '', '| question | file | look for |', '| --- | --- | --- |', ...rows, ''].join(
      '\n',
    )
  test('takes questions whose files have the names', () => {
    expect(ruleViolations(rules(...many), read)).toEqual([])
  })

  test.each([
    ['too few rules', many.slice(1), '24 rules, at least 25'],
    ['no question', [...many, '| Then. | `src/a/one.ts` | `decide` |'], '"Then." is not a question'],
    ['a question twice', [...many, many[0] ?? ''], '"When 0?" is asked twice'],
    ['no name', [...many, '| Who? | `src/a/one.ts` |'], '"Who?": there is no name'],
    ['a name that is gone', [...many, '| Who? | `src/a/one.ts` | `decided` |'], 'there is no `decided` in'],
    ['a name in comments', [...many, '| Who? | `src/a/one.ts` | `onlyTold` |'], 'there is no `onlyTold` in'],
  ])('finds %s', (_fault, rows, says) => {
    expect(ruleViolations(rules(...rows), read)).toEqual([expect.stringContaining(says)])
  })

  test('finds a rule without a file, and pages without tables', () => {
    const row = '| Who? | somewhere | `decide` |'
    expect(ruleViolations(rules(...many, row), read)).toContain('"Who?" needs one source file')
    expect(ruleViolations('## Words\n', read)).toEqual(['there is no table under Where a rule lives'])
    expect(wordViolations('## Others\n')).toEqual(['there is no table under Words'])
  })

  const layers = {
    areas: ['low', 'side', 'high', 'testing'],
    friends: { low: [], side: ['low'], high: ['low'], planned: ['low'] },
    withShell: ['high', 'planned'],
    shellFriends: ['low', 'side'],
  }
  const picture = (...lines: string[]): string =>
    ['```mermaid', 'flowchart TD', ...lines, '```', ''].join('\n')
  const lawful = ['  shell["shells of high"] --> low & side', '  high & side --> low']
  test('takes a picture of what there is', () => {
    expect(layerViolations(picture(...lawful), layers)).toEqual([])
  })

  test.each([
    ['a missing arrow', [lawful[0] ?? '', '  high --> low'], 'lacks side --> low'],
    [
      'a missing arrow of shells',
      ['  shell["shells of high"] --> low', lawful[1] ?? ''],
      'lacks shell --> side',
    ],
    ['an arrow too many', [...lawful, '  high --> side'], 'has high --> side, against the laws'],
    ['an arrow of an unknown module', [...lawful, '  attic --> low'], 'has attic --> low'],
    ['an arrow to testing', [...lawful, '  low --> testing'], 'has low --> testing'],
    ['other shells', ['  shell["shells of side"] --> low & side', lawful[1] ?? ''], 'needs "shells of high"'],
  ])('finds %s', (_fault, lines, says) => {
    expect(layerViolations(picture(...lines), layers)).toEqual([expect.stringContaining(says)])
  })

  test('finds that there is no picture', () => {
    expect(layerViolations('high --> low', layers)).toEqual(['there is no picture'])
  })

  const plan = { box: [['low', 'flat.ts'], ['high']] }
  test.each([
    ['box: flat.ts, low < high', []],
    ['box: low, flat.ts < high', []],
    ['box: high < flat.ts, low', ['the floors of box are flat.ts, low < high']],
    ['box: low < high', ['the floors of box are flat.ts, low < high']],
    ['attic: low', ['the floors of attic are not laid down']],
  ])('judges the floors in %s', (line, faults) => {
    expect(floorTextViolations(`\`\`\`text\n${line}\n\`\`\`\n`, plan)).toEqual(faults)
  })
})
