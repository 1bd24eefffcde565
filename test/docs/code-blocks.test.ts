import { expect, test } from 'vitest'
import { asModule, docCommentBlocks, markdownBlocks, moduleName } from './code-blocks.js'

const tick = '```'

test('takes ts blocks of Markdown, with the line of their first line of code', () => {
  const text = `# A\n\n${tick}sh\nls\n${tick}\n\n${tick}ts\na()\nb()\n${tick}\n`
  expect(markdownBlocks('docs/a.md', text)).toEqual([{ path: 'docs/a.md', line: 8, code: 'a()\nb()' }])
})

test('takes ts blocks of doc comments without their stars, and no other comment', () => {
  const text = `const a = 1\n/**\n * What.\n * ${tick}ts\n * if (a) {\n *   b()\n * }\n *\n * c()\n * ${tick}\n */\n// ${tick}ts\n`
  expect(docCommentBlocks('src/a.ts', text)).toEqual([
    { path: 'src/a.ts', line: 5, code: 'if (a) {\n  b()\n}\n\nc()' },
  ])
})

test('takes several blocks of one comment, and indented ones', () => {
  const text = `  /**\n   * - a list\n   *   ${tick}ts\n   *   a()\n   *   ${tick}\n   * ${tick}ts\n   * b()\n   * ${tick}\n   */\n`
  expect(docCommentBlocks('src/a.ts', text)).toEqual([
    { path: 'src/a.ts', line: 4, code: 'a()' },
    { path: 'src/a.ts', line: 7, code: 'b()' },
  ])
})

test.each(['typescript', 'TS', 'js', 'ts no-run', 'tsx'])(
  'refuses a block named %s, which would not run',
  name => {
    expect(() => markdownBlocks('docs/a.md', `${tick}${name}\na()\n${tick}\n`)).toThrow('docs/a.md:1')
  },
)

test('refuses a fence that never ends', () => {
  expect(() => markdownBlocks('docs/a.md', `text\n${tick}ts\na()\n`)).toThrow(
    'docs/a.md:2: a fence is opened',
  )
})

test('keeps line numbers in the module of a block', () => {
  const block = { path: 'src/core/errors.ts', line: 3, code: 'a()' }
  expect(asModule(block).split('\n').indexOf('a()')).toBe(2)
  expect(moduleName(block)).toBe('src-core-errors-ts-line-3.ts')
})
