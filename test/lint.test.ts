import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '..')
const body = (lines: number): string => '  void 0\n'.repeat(lines)

/** Each file breaks one rule of .oxlintrc.json, named first. */
const bad: readonly (readonly [rule: string, path: string, text: string])[] = [
  ['no-restricted-globals', 'src/store/timeout.ts', 'setTimeout(() => {}, 1)'],
  ['no-restricted-globals', 'src/store/interval.ts', 'setInterval(() => {}, 1)'],
  ['no-restricted-globals', 'src/store/immediate.ts', 'setImmediate(() => {})'],
  ['no-restricted-globals', 'src/store/microtask.ts', 'queueMicrotask(() => {})'],
  ['no-restricted-globals', 'src/discovery/node/timeout.ts', 'setTimeout(() => {}, 1)'],
  ['no-restricted-properties', 'src/store/now.ts', 'export const t: number = Date.now()'],
  ['no-restricted-properties', 'src/store/monotonic.ts', 'export const t: number = performance.now()'],
  ['no-restricted-properties', 'src/store/tick.ts', 'process.nextTick(() => {})'],
  ['no-restricted-properties', 'src/store/signal.ts', 'export const s: AbortSignal = AbortSignal.timeout(1)'],
  ['no-restricted-properties', 'src/store/chance.ts', 'export const r: number = Math.random()'],
  ['no-restricted-properties', 'src/store/uuid.ts', 'export const id: string = crypto.randomUUID()'],
  ['no-restricted-properties', 'src/testing/now.ts', 'export const t: number = Date.now()'],
  ['no-restricted-imports', 'src/store/timers.ts', "export { setTimeout } from 'node:timers/promises'"],
  ['no-console', 'src/core/log.ts', "console.log('x')"],
  ['no-explicit-any', 'src/core/any.ts', 'export const a: any = 1'],
  ['no-default-export', 'src/core/default.ts', 'const a = 1\nexport default a'],
  ['max-lines', 'src/core/long.ts', `export {}\n${'\n'.repeat(400)}`],
  ['max-lines-per-function', 'src/core/function.ts', `export function f(): void {\n${body(70)}}`],
  [
    'max-params',
    'src/core/parameters.ts',
    'export const f = (a: 1, b: 1, c: 1, d: 1, e: 1): unknown => [a, b, c, d, e]',
  ],
  [
    'switch-exhaustiveness-check',
    'src/core/switch.ts',
    "export function f(a: 'x' | 'y'): void {\n  switch (a) {\n    case 'x':\n  }\n}",
  ],
  ['no-floating-promises', 'src/core/floating.ts', 'async function f(): Promise<void> {}\nf()\nexport {}'],
  [
    'no-misused-promises',
    'src/core/misused.ts',
    'export const f = (p: Promise<void>): number => (p ? 1 : 2)',
  ],
  ['consistent-type-imports', 'src/core/types.ts', "import { A } from './a.js'\nexport type B = A"],
  ['no-disabled-tests', 'test/skip.test.ts', "import { test } from 'vitest'\ntest.skip('x', () => {})"],
  ['no-focused-tests', 'test/only.test.ts', "import { test } from 'vitest'\ntest.only('x', () => {})"],
]

/** The hosts of time and chance, and code that keeps the rules: nothing may be found here. */
const good: readonly (readonly [path: string, text: string])[] = [
  ['src/core/system.ts', 'export const t: number = Date.now() + Math.random()\nsetTimeout(() => {}, 1)'],
  ['src/testing/host/event-loop.ts', 'setTimeout(() => {}, 1)'],
  ['test/time.test.ts', 'setTimeout(() => {}, Date.now())'],
  ['src/core/a.ts', 'export type A = 1'],
]

const directory = mkdtempSync(join(tmpdir(), 'keelson-lint-'))
let found: { rule: string; path: string }[] = []

beforeAll(() => {
  copyFileSync(join(root, '.oxlintrc.json'), join(directory, '.oxlintrc.json'))
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), `${text}\n`)
  }
  const compilerOptions = { types: [], lib: ['es2023', 'dom'] }
  write(
    'tsconfig.json',
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include: ['src', 'test'] }),
  )
  for (const [, path, text] of bad) write(path, text)
  for (const [path, text] of good) write(path, text)
  const oxlint = join(root, 'node_modules/.bin/oxlint')
  const options = ['--type-aware', '--format', 'json', 'src', 'test']
  const { stdout } = spawnSync(oxlint, options, { cwd: directory, encoding: 'utf8' })
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; filename: string }[] }
  found = diagnostics.map(({ code, filename }) => ({
    rule: /\((.+)\)/.exec(code)?.[1] ?? code,
    path: filename,
  }))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

test.each(bad)('%s fires in %s', (rule, path) => {
  expect(found).toContainEqual({ rule, path })
})

test.each(good)('nothing fires in %s', path => {
  expect(found.filter(diagnostic => diagnostic.path === path)).toEqual([])
})
