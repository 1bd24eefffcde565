import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { subpaths } from '../tools/subpaths.mjs'
import { ambientViolations } from './architecture/ambient.js'
import { exampleViolations, importViolations } from './architecture/direction.js'
import { grantsIn, limits, shapeViolations, sizeViolations } from './architecture/shape.js'
import type { SourceFile } from './architecture/source-file.js'
import { parseSource } from './architecture/source-file.js'

const root = resolve(import.meta.dirname, '..')
const sources = read('src', /\.ts$/)
const examples = read('examples', /\.(?:ts|mts|mjs|js)$/)
const publicEntries = subpaths().map(({ specifier }) => specifier)

describe('the tree', () => {
  test('holds files to judge', () => {
    expect(sources.length).toBeGreaterThan(8)
  })

  test('imports only in the direction of the layers', () => {
    expect(sources.flatMap(importViolations)).toEqual([])
  })

  test('takes time, timers and chance from Env', () => {
    expect(sources.flatMap(ambientViolations)).toEqual([])
  })

  test('has short, well named files, and index files that only list names', () => {
    expect(sources.flatMap(shapeViolations)).toEqual([])
  })

  test('stays within the size of a module, or says why in a decision record', () => {
    const records = join(root, 'docs/decisions')
    const texts = existsSync(records)
      ? readdirSync(records).map(name => readFileSync(join(records, name), 'utf8'))
      : []
    expect(sizeViolations(sources, texts.flatMap(grantsIn))).toEqual([])
  })

  test('shows in examples only what a user can import', () => {
    expect(examples.flatMap(file => exampleViolations(file, publicEntries))).toEqual([])
  })
})

describe('the checker', () => {
  test.each([
    [
      'core leans on nothing',
      'src/core/env/env.ts',
      "import { a } from '../store/index.js'",
      'core must not import store',
    ],
    [
      'types count',
      'src/store/watch.ts',
      "import type { A } from '../reconcile/index.js'",
      'store must not import reconcile',
    ],
    [
      'type expressions count',
      'src/core/a.ts',
      "export type A = import('../api/index.js').B",
      'core must not import api',
    ],
    [
      're-exports count',
      'src/api/index.ts',
      "export { a } from '../reconcile/index.js'",
      'api must not import reconcile',
    ],
    ['dynamic imports count', 'src/rxjs/a.ts', "await import('../api/index.js')", 'rxjs must not import api'],
    [
      'siblings stay apart',
      'src/rollout/move.ts',
      "import { a } from '../scheduling/index.js'",
      'rollout must not import scheduling',
    ],
    [
      'even their controllers',
      'src/rollout/controller.ts',
      "import { a } from '../discovery/index.js'",
      'rollout must not import discovery',
    ],
    [
      'a pure core has no store',
      'src/scheduling/place.ts',
      "import { a } from '../store/index.js'",
      'scheduling must not import store',
    ],
    [
      'nor through its controller',
      'src/scheduling/place.ts',
      "import { a } from './controller.js'",
      'must not lean on its controller',
    ],
    [
      'a folder below is no controller',
      'src/discovery/node/controller.ts',
      "import { a } from '../../store/index.js'",
      'discovery must not import store',
    ],
    [
      'testing is for tests',
      'src/index.ts',
      "export { a } from './testing/index.js'",
      'index must not import testing',
    ],
    [
      'nor for workloads',
      'src/workloads/a.ts',
      "import { a } from '../testing/index.js'",
      'workloads must not import testing',
    ],
    ['doors only', 'src/store/a.ts', "import { a } from '../core/errors.js'", 'through its index.js'],
    ['no inner doors', 'src/api/a.ts', "import { a } from '../store/watch/index.js'", 'through its index.js'],
    ['not beyond src', 'src/store/a.ts', "import { a } from '../../test/a.js'", 'outside src'],
    [
      'no Node in the core',
      'src/store/a.ts',
      "import { readFileSync } from 'node:fs'",
      'belongs under node/',
    ],
    ['with the prefix', 'src/store/node/a.ts', "import { readFileSync } from 'fs'", 'not on the list'],
    ['no stray package', 'src/store/a.ts', "import { Subject } from 'rxjs'", 'not on the list'],
    ['nor by its subpath', 'src/core/a.ts', "import { map } from 'rxjs/operators'", 'not on the list'],
    ['nor for its types', 'src/core/a.ts', "import type pino from 'pino'", 'not on the list'],
    ['nor required', 'src/core/a.ts', "const a = require('ajv')", 'not on the list'],
    ['nor ourselves', 'src/core/a.ts', "import { a } from 'keelson/core'", 'not on the list'],
  ])('finds that %s', (_law, path, text, fault) => {
    expect(importViolations(parseSource(path, text))).toEqual([expect.stringContaining(fault)])
  })

  test.each([
    ['src/scheduling/controller.ts', "import { a } from '../store/index.js'"],
    ['src/discovery/endpoints-controller.ts', "import type { A } from '../api/index.js'"],
    ['src/scheduling/index.ts', "export { a } from './controller.js'"],
    ['src/discovery/node/index.ts', "import { createSocket } from 'node:dgram'"],
    ['src/store/etcd/client.ts', "import { connect } from 'node:http2'"],
    ['src/store/schema.ts', "import { Ajv2020 } from 'ajv/dist/2020.js'"],
    ['src/testing/world.ts', "import { a } from '../discovery/node/index.js'"],
    ['src/index.ts', "export { a } from './rollout/index.js'"],
  ])('lets %s have %s', (path, text) => {
    expect(importViolations(parseSource(path, text))).toEqual([])
  })

  test.each([
    'setTimeout(run, 5)',
    'setInterval(run, 5)',
    'setImmediate(run)',
    'queueMicrotask(run)',
    'process.nextTick(run)',
    'const later = globalThis.setTimeout',
    'const { setTimeout: later } = globalThis',
    'const object = { setTimeout }',
    'const t = Date.now()',
    'const t = Date["now"]()',
    'const t = globalThis.Date.now()',
    'const t = new Date()',
    'const t = new Date(5)',
    'const t = Date()',
    'const { now } = Date',
    'const t = performance.now()',
    'const r = Math.random',
    'const { random } = Math',
    'const id = crypto.randomUUID()',
    'const signal = AbortSignal.timeout(5)',
    "import { setTimeout as sleep } from 'node:timers/promises'",
    "import timers from 'node:timers'",
    "import { randomUUID } from 'node:crypto'",
    "import { performance as p } from 'node:perf_hooks'",
  ])('finds the ambient use in %s', text => {
    expect(ambientViolations(parseSource('src/store/a.ts', text))).not.toEqual([])
    expect(ambientViolations(parseSource('src/core/a.ts', text))).toEqual([])
    expect(ambientViolations(parseSource('src/testing/host.ts', text))).toEqual([])
  })

  test.each([
    'const t = env.clock.now()',
    'interface Host { setTimeout(run: () => void): void }',
    'host.setTimeout(run)',
    'let when: Date',
    'const t = Date.UTC(2020, 1, 1)',
    'const r = Math.max(1, 2)',
  ])('sees nothing ambient in %s', text => {
    expect(ambientViolations(parseSource('src/store/a.ts', text))).toEqual([])
  })

  test.each([
    ['src/store/a.ts', '\n'.repeat(limits.fileLines + 1), 'lines, at most'],
    ['src/store/WorkQueue.ts', '', 'kebab-case'],
    ['src/store/string-utils.ts', '', 'says nothing'],
    ['src/store/a.ts', "const unit = 'ms'", 'CONSTANT_CASE'],
    ['src/store/a.ts', 'export const secondMs: number = 1000 * 1', 'CONSTANT_CASE'],
    ['src/store/a.ts', 'const name = /a/', 'CONSTANT_CASE'],
    ['src/store/a.ts', 'const a = { ...{ b: 1 } }', 'spreads an object literal'],
    ['src/store/a.ts', 'class A { private b = 1 }', 'write #b'],
    ['src/store/a.ts', 'class A { private b(): void {} }', 'write #b'],
    ['src/store/index.ts', 'export const A = 1', 'not a named re-export'],
    ['src/store/index.ts', "export * from './a.js'", 'not a named re-export'],
    ['src/store/index.ts', "import './a.js'", 'not a named re-export'],
  ])('refuses the shape of %s', (path, text, fault) => {
    expect(shapeViolations(parseSource(path, text))).toEqual([expect.stringContaining(fault)])
  })

  test('counts exports and lines of modules, and knows grants', () => {
    const names = (count: number): string =>
      `export { ${Array.from({ length: count }, (_, i) => `a${i}`).join(', ')} } from './a.js'`
    const big = [
      parseSource('src/index.ts', names(limits.rootExports + 1)),
      parseSource('src/store/index.ts', names(limits.moduleExports + 1)),
      ...Array.from({ length: 11 }, (_, i) => parseSource(`src/api/a${i}.ts`, '\n'.repeat(limits.fileLines))),
    ]
    expect(sizeViolations(big, [])).toEqual([
      'keelson has 41 exports, at most 40',
      'store has 61 exports, at most 60',
      'api has 4400 lines, at most 4000',
    ])
    const record = 'Context.\n\nLimit: store exports 61\nLimit: api lines 4400\nLimit: keelson exports 41\n'
    expect(sizeViolations(big, grantsIn(record))).toEqual([])
    expect(sizeViolations([parseSource('src/index.ts', names(limits.rootExports))], [])).toEqual([])
  })

  test.each(["import '../../src/index.js'", "import 'keelson/store/engine'", "import pino from 'pino'"])(
    'refuses in an example: %s',
    text => {
      expect(exampleViolations(parseSource('examples/quickstart/main.ts', text), publicEntries)).toHaveLength(
        1,
      )
    },
  )

  test('lets an example have the public entries, Node, its neighbours and yaml', () => {
    const text =
      "import 'keelson'; import 'keelson/store'; import 'node:fs'; import '../runtime/a.js'; import 'yaml'"
    expect(exampleViolations(parseSource('examples/quickstart/main.ts', text), publicEntries)).toEqual([])
  })
})

function read(folder: string, name: RegExp): SourceFile[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => name.test(path))
    .map(path => parseSource(join(folder, path), readFileSync(join(root, folder, path), 'utf8')))
}
