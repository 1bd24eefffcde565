import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { CodeBlock } from './docs/code-blocks.js'
import { asModule, docCommentBlocks, markdownBlocks, moduleName } from './docs/code-blocks.js'

const root = resolve(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', ...list('docs').filter(path => path.endsWith('.md'))]

const blocks: readonly CodeBlock[] = [
  ...pages.filter(path => existsSync(join(root, path))).flatMap(path => markdownBlocks(path, read(path))),
  ...list('src')
    .filter(path => path.endsWith('.ts'))
    .flatMap(path => docCommentBlocks(path, read(path))),
]

// Under the checkout, where packages and the path mapping resolve as they do for src.
mkdirSync(join(root, 'temp'), { recursive: true })
const directory = mkdtempSync(join(root, 'temp/docs-examples-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

for (const block of blocks) writeFileSync(join(directory, moduleName(block)), asModule(block))
writeFileSync(
  join(directory, 'tsconfig.json'),
  JSON.stringify({
    extends: '../../tsconfig.json',
    compilerOptions: { isolatedDeclarations: false, declaration: false },
    include: ['*.ts'],
    exclude: [],
  }),
)

describe('each example of the documentation runs', () => {
  // Some show what goes wrong, and with the default logger that is told on the console.
  beforeAll(() => {
    for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {})
  })
  afterAll(() => {
    vi.restoreAllMocks()
  })

  test('there are some', () => {
    expect(blocks).not.toEqual([])
  })

  for (const block of blocks) {
    test(`${block.path}:${block.line}`, async () => {
      try {
        await import(pathToFileURL(join(directory, moduleName(block))).href)
      } catch (error) {
        throw new Error(`the example at ${block.path}:${block.line} failed: ${String(error)}`, {
          cause: error,
        })
      }
    })
  }
})

test('each example of the documentation type-checks', () => {
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { stdout } = spawnSync(tsc, ['--pretty', 'false', '-p', directory], {
    cwd: directory,
    encoding: 'utf8',
  })
  const origin = new Map(blocks.map(block => [moduleName(block), block.path]))
  // Errors in src itself, which start with `..`, are the business of `npm run check`.
  const problems = stdout
    .split('\n')
    .filter(line => line.includes('error TS') && !line.startsWith('..'))
    .map(line => line.replace(/^[^(]+/, name => origin.get(name) ?? name))
  expect(problems).toEqual([])
})

function list(folder: string): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map(path => join(folder, path))
    .toSorted()
}
