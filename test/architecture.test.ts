import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { subpaths } from '../tools/subpaths.mjs'
import { ambientViolations } from './architecture/ambient.js'
import { exampleViolations, importViolations } from './architecture/direction.js'
import { circleViolations, FLATS_LINES_MAX, floorViolations } from './architecture/floors.js'
import { exportViolations, limits, nameViolations, shapeViolations } from './architecture/shape.js'
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

  test('has floors: arrows between the rooms of a module go down', () => {
    expect(floorViolations(sources)).toEqual([])
  })

  test('has no circle of files', () => {
    expect(circleViolations(sources)).toEqual([])
  })

  test('has no two files of one name', () => {
    expect(nameViolations(sources)).toEqual([])
  })

  test('exports as many names as were reviewed', () => {
    expect(exportViolations(sources, JSON.parse(readFileSync(join(root, 'etc/size.json'), 'utf8')))).toEqual(
      [],
    )
  })

  test('shows in examples only what a user can import', () => {
    expect(examples.flatMap(file => exampleViolations(file, publicEntries))).toEqual([])
  })
})

describe('the checker', () => {
  test.each([
    [
      'core leans on nothing',
      'src/core/a.ts',
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
      'even their shells',
      'src/rollout/shell/rollout-controller.ts',
      "import { a } from '../../discovery/index.js'",
      'rollout must not import discovery',
    ],
    [
      'a pure core has no store',
      'src/scheduling/place.ts',
      "import { a } from '../store/index.js'",
      'scheduling must not import store',
    ],
    [
      'plans have no loop',
      'src/workloads/replica-plan.ts',
      "import type { A } from '../reconcile/index.js'",
      'workloads must not import reconcile',
    ],
    [
      'nor through its shell',
      'src/scheduling/place.ts',
      "import { a } from './shell/scheduling-controller.js'",
      'must not import its shell',
    ],
    [
      'types of a shell count',
      'src/workloads/replica-plan.ts',
      "import type { A } from './shell/replica-controller.js'",
      'must not import its shell',
    ],
    [
      'a room has no index that opens the shell',
      'src/scheduling/scores/index.ts',
      "export { a } from '../shell/scheduling-controller.js'",
      'must not import its shell',
    ],
    [
      'a name makes no shell',
      'src/discovery/endpoints-controller.ts',
      "import { a } from '../store/index.js'",
      'discovery must not import store',
    ],
    [
      'nor does a shell deeper down',
      'src/discovery/node/shell/endpoints-controller.ts',
      "import { a } from '../../../store/index.js'",
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
    [
      'doors only',
      'src/store/a.ts',
      "import { a } from '../core/errors.js'",
      'through its index.js or internal.js',
    ],
    [
      'no inner doors',
      'src/api/a.ts',
      "import { a } from '../store/watch/index.js'",
      'through its index.js or internal.js',
    ],
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
    ['src/scheduling/shell/scheduling-controller.ts', "import { a } from '../../store/index.js'"],
    ['src/discovery/shell/endpoints-controller.ts', "import type { A } from '../../api/index.js'"],
    ['src/scheduling/index.ts', "export { a } from './shell/scheduling-controller.js'"],
    ['src/rollout/shell/undo.ts', "import { a } from './ledger.js'"],
    ['src/discovery/node/index.ts', "import { createSocket } from 'node:dgram'"],
    ['src/store/etcd/client.ts', "import { connect } from 'node:http2'"],
    ['src/store/schema.ts', "import { Ajv2020 } from 'ajv/dist/2020.js'"],
    ['src/store/a.ts', "import { a } from '../core/internal.js'"],
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
    "console.warn('late')",
    'globalThis.console',
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
    expect(ambientViolations(parseSource('src/testing/host/event-loop.ts', text))).toEqual([])
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
    ['src/store/a.ts', 'const a = { get b() { return 1 } }', 'a getter in an object literal'],
    ['src/store/a.ts', 'class A { private b = 1 }', 'write #b'],
    ['src/store/a.ts', 'class A { private b(): void {} }', 'write #b'],
    ['src/store/internal.ts', 'export const A = 1', 'not a named re-export'],
    ['src/store/index.ts', 'export const A = 1', 'not a named re-export'],
    ['src/store/index.ts', "export * from './a.js'", 'not a named re-export'],
    ['src/store/index.ts', "import './a.js'", 'not a named re-export'],
  ])('refuses the shape of %s', (path, text, fault) => {
    expect(shapeViolations(parseSource(path, text))).toEqual([expect.stringContaining(fault)])
  })

  test.each([
    ['import "./low/a.js"', []],
    ['import type { A } from "./low/a.js"', []],
    ['import "../high/b.js"', []],
    ['import "../roof.js"', ['high must not lean on roof.ts']],
    ['import type { A } from "../side/a.js"', ['high must not lean on side']],
  ])('knows the floors: a file of high with %s', (text, faults) => {
    const plan = { box: [['low', 'flat.ts'], ['high', 'side'], ['roof.ts']] }
    const file = parseSource('src/box/high/a.ts', text.replace('./low', '../low'))
    expect(floorViolations([file], plan)).toEqual(faults.map(fault => expect.stringContaining(fault)))
  })

  test('knows rooms without a floor, and large modules without floors', () => {
    const stray = parseSource('src/box/attic/a.ts', '')
    expect(floorViolations([stray], { box: [['low']] })).toEqual([
      'src/box/attic/a.ts: no floor has a room attic',
    ])
    const large = parseSource('src/box/a.ts', '\n'.repeat(FLATS_LINES_MAX + 1))
    expect(floorViolations([large], {})).toEqual([`box has ${FLATS_LINES_MAX + 1} lines and no floors`])
  })

  test('finds circles of files, of types too, and lets a named pair be', () => {
    const files = [
      parseSource('src/box/a.ts', "import type { B } from './b.js'"),
      parseSource('src/box/b.ts', "import { c } from './deep/c.js'"),
      parseSource('src/box/deep/c.ts', "export type D = import('../a.js').A"),
      parseSource('src/box/d.ts', "import './a.js'"),
      parseSource('src/box/e.ts', "import './f.js'"),
      parseSource('src/box/f.ts', "import type { E } from './e.js'"),
    ]
    expect(circleViolations(files, [['src/box/e.ts', 'src/box/f.ts']])).toEqual([
      'a circle of files: src/box/a.ts, src/box/b.ts, src/box/deep/c.ts',
    ])
    expect(circleViolations(files, [])).toHaveLength(2)
  })

  test('finds files of one name, but for index files', () => {
    const paths = ['src/a/box.ts', 'src/b/box.ts', 'src/a/index.ts', 'src/b/index.ts']
    expect(nameViolations(paths.map(path => parseSource(path, '')))).toEqual(['src/a/box.ts, src/b/box.ts'])
  })

  test('compares the exports of an entry point with their reviewed number', () => {
    const index = parseSource('src/store/node/index.ts', "export { a, b } from './a.js'")
    expect(exportViolations([index], { './store/node': { exports: 2 } })).toEqual([])
    expect(exportViolations([index], { './store/node': { exports: 3 } })).toEqual([
      './store/node has 2 exports, etc/size.json says 3',
    ])
    expect(exportViolations([index], {})).toEqual(['./store/node has 2 exports, etc/size.json says nothing'])
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
