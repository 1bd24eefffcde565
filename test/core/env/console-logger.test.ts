import { expect, test } from 'vitest'
import { createConsoleLogger } from '../../../src/core/env/console-logger.js'
import type { LogFields } from '../../../src/core/env/logger.js'
import { createEnv, silentLogger } from '../../../src/core/index.js'
import { endOf, programOf } from '../../fixtures/program.js'
import { createFakeHost } from './fake-host.js'

function printed(fields: LogFields, message = 'failed', bindings: LogFields = {}): readonly string[] {
  const host = createFakeHost()
  createConsoleLogger(host).child(bindings).error(fields, message)
  return host.printed
}

function errorAt(message: string, frames: readonly string[]): Error {
  const error = new TypeError(message)
  error.stack = [`TypeError: ${message}`, ...frames.map(frame => `    at ${frame}`)].join('\n')
  return error
}

test('warnings and errors are printed, what is less is not', () => {
  const host = createFakeHost()
  const logger = createConsoleLogger(host)
  for (const level of ['debug', 'info', 'warn', 'error'] as const) logger[level](`a ${level}`)
  expect(host.printed).toEqual(['keelson WARN a warn', 'keelson ERROR a error'])
})

test.each<readonly [string, LogFields, string]>([
  ['plain values', { key: 'd/web', afterMs: 5, gone: undefined }, 'key=d/web afterMs=5'],
  ['texts that need quotes', { why: 'a b', empty: '', eq: 'a=b' }, 'why="a b" empty="" eq="a=b"'],
  ['objects', { task: { namespace: 'd', name: 'web' } }, 'task={"namespace":"d","name":"web"}'],
  ['what JSON refuses', { n: 5n }, 'n=[object BigInt]'],
  [
    'control characters',
    { note: 'a\u001b[2Jb\nc\u2028\u009b' },
    'note="a\\u001b[2Jb\\nc\u2028\u009b"'.replace('\u2028', '\\u2028').replace('\u009b', '\\u009b'),
  ],
])('a line shows %s', (_what, fields, text) => {
  expect(printed(fields)).toEqual([`keelson ERROR failed ${text}`])
})

test('the controller stands in front, and bindings are fields of each line', () => {
  expect(printed({ afterMs: 5 }, 'backing off', { controller: 'web', key: 'd/a' })).toEqual([
    'keelson ERROR web: backing off key=d/a afterMs=5',
  ])
})

test.each<readonly [string, readonly string[], string]>([
  [
    'the first frame of the program',
    [
      'pg (/app/node_modules/pg/a.js:1:1)',
      'node:internal/x:1:1',
      'reconcile (/app/main.ts:10:13)',
      'b (/app/b.ts:1:1)',
    ],
    ' at reconcile (/app/main.ts:10:13)',
  ],
  [
    'the first frame when none is the program’s',
    ['a (/x/node_modules/a.js:1:1)'],
    ' at a (/x/node_modules/a.js:1:1)',
  ],
  ['no frame when there is none', [], ''],
])('an error is its name, its message and %s', (_what, frames, text) => {
  expect(printed({ err: errorAt('x is not\na function', frames), afterMs: 5 })).toEqual([
    `keelson ERROR failed afterMs=5 err=TypeError: x is not\\na function${text}`,
  ])
})

test('an error tells what caused it', () => {
  const error = errorAt('outer', ['a (/app/a.ts:1:1)'])
  error.cause = new RangeError('inner')
  expect(printed({ err: error })).toEqual([
    'keelson ERROR failed err=TypeError: outer at a (/app/a.ts:1:1), caused by RangeError: inner',
  ])
})

test('values and lines are bounded', () => {
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`field${n}`, 'x'.repeat(10_000)]))
  const [line = ''] = printed(many)
  expect(line).toHaveLength(2_000)
  expect(line).toContain(`field0=${'x'.repeat(199)}… field1=`)
  expect(line.endsWith('…')).toBe(true)
})

test('a cycle in a field is printed as what it is, and nothing throws', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  expect(printed({ cycle })).toEqual(['keelson ERROR failed cycle="[object Object]"'.replaceAll('"', '')])
})

/** A program that fails in a controller, as a newcomer's first one does. */
const program = programOf(`
  import { createController, createManager, createStore, createEnv, defineKind } from './src/index.js'
  import { silentLogger } from './src/core/index.js'
  const W = defineKind({ apiVersion: 'x/v1', kind: 'W', plural: 'ws', namespaced: true })
  const env = process.argv[2] === 'silent' ? createEnv({ logger: silentLogger }) : undefined
  const store = createStore({ kinds: [W], ...(env === undefined ? {} : { env }) })
  const manager = createManager({ client: store })
  manager.add(createController({ name: 'first', for: W, reconcile(_key, object) { object.spec.nothing.here } }))
  await store.create(W, { metadata: { namespace: 'd', name: 'a' }, spec: {} })
  await manager.start()
  await manager.idle()
  await manager.stop()
`)

test('a controller that throws is seen on the console without any setting, and is silent on request', async () => {
  const run = async (...args: readonly string[]): Promise<string> =>
    (await endOf((await program).start(...args))).stderr
  const [line = '', ...more] = (await run()).trim().split('\n')
  expect(line).toMatch(
    /^keelson ERROR first: reconcile failed; backing off key=d\/a afterMs=\d.* err=TypeError: Cannot read.* at reconcile \(/,
  )
  expect(more.every(each => each.startsWith('keelson ERROR first: '))).toBe(true)
  expect(await run('silent')).toBe('')
})

test('an env of one’s own prints too, and takes another logger', () => {
  expect(createEnv().logger).not.toBe(silentLogger)
  expect(createEnv({ logger: silentLogger }).fork('child').logger).toBe(silentLogger)
})
