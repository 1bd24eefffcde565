import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'
import { brokenLinks } from './links.js'

const root = resolve(import.meta.dirname, '../..')
const pages = ['.', 'docs', 'docs/decisions'].flatMap(folder =>
  readdirSync(join(root, folder))
    .filter(name => name.endsWith('.md'))
    .map(name => join(folder, name)),
)

test.each(pages)('the links of %s lead somewhere', page => {
  const text = readFileSync(join(root, page), 'utf8')
  expect(brokenLinks(page, text, path => existsSync(join(root, path)))).toEqual([])
})

test('finds a link to nowhere, and passes over code and the web', () => {
  const text = [
    '# One `thing`',
    '[a](a.md) [b](../b.md#x) [web](https://example.org/c.md)',
    '```md',
    '[code](c.md)',
    '```',
    '[d](d.md)',
    '[here](#one-thing) [there](#two)',
  ].join('\n')
  const exists = (path: string): boolean => ['docs/a.md', 'b.md'].includes(path)
  expect(brokenLinks('docs/page.md', text, exists)).toEqual([
    'docs/page.md:6 links to d.md, which is not there',
    'docs/page.md:7 links to #two, which is not there',
  ])
})
