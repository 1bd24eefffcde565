import { expect, test } from 'vitest'
import { brokenLinks } from './links.js'
import { pages, readPage } from './pages.js'

test.each(pages)('the links of %s lead somewhere', page => {
  expect(brokenLinks(page, readPage)).toEqual([])
})

test('finds a link to nowhere, and passes over code and the web', () => {
  const page = [
    '# One `thing`',
    '[a](a.md) [b](../b.md#x) [web](https://example.org/c.md)',
    '```md',
    '[code](c.md)',
    '```',
    '[d](d.md)',
    '[here](#one-thing) [there](#two) [a folder](folder)',
    '[of another page](../b.md#y) [of code](../b.md#z)',
  ].join('\n')
  const files = new Map([
    ['docs/page.md', page],
    ['docs/a.md', ''],
    ['docs/folder', ''],
    ['b.md', '## X\n```\n## Z\n```\n'],
  ])
  expect(brokenLinks('docs/page.md', path => files.get(path))).toEqual([
    'docs/page.md:6 links to d.md, which does not exist',
    'docs/page.md:7 links to #two, and there is no such heading',
    'docs/page.md:8 links to ../b.md#y, and there is no such heading',
    'docs/page.md:8 links to ../b.md#z, and there is no such heading',
  ])
})

test('docs/README.md leads to every guide', () => {
  const [path, text] = ['docs/README.md', readPage('docs/README.md') ?? '']
  const linked = [...text.matchAll(/\]\(([^)#]+)/g)].map(([, target = '']) => `docs/${target}`)
  const guides = pages.filter(page => page.startsWith('docs/') && !page.startsWith('docs/decisions/'))
  expect(guides.filter(page => page !== path && !linked.includes(page))).toEqual([])
})
