import { describe, expect, test } from 'vitest'
import { entryOf, originOf, ownRoot, parseStack, placeOf } from '../../../src/testing/guard/stack-frames.js'

const root = ownRoot() as string

describe('a frame', () => {
  test.each([
    ['    at work (/app/rooms.ts:14:9)', 'work', 'rooms.ts:14:9', 'code'],
    ['    at file:///app/rooms.js:1:2', '', 'rooms.js:1:2', 'code'],
    ['    at async Object.reconcile (file:///app/rooms.js:1:2)', 'Object.reconcile', 'rooms.js:1:2', 'code'],
    ['    at C:\\app\\rooms.ts:3:4', '', 'rooms.ts:3:4', 'code'],
    ['    at new Timeout (node:internal/timers:199:5)', 'new Timeout', 'node:internal/timers:199:5', 'host'],
    ['    at run (/app/node_modules/vitest/dist/a.js:1:1)', 'run', 'a.js:1:1', 'runner'],
    ['    at get (/app/node_modules/got/index.js:1:1)', 'get', 'index.js:1:1', 'library'],
    [`    at defer (${root}core/env.ts:1:1)`, 'defer', 'env.ts:1:1', 'keelson'],
    [`    at take (${root}testing/simulation/run/driver.ts:1:1)`, 'take', 'driver.ts:1:1', 'driver'],
    [`    at scale (${root}workloads/replicas.ts:1:1)`, 'scale', 'replicas.ts:1:1', 'code'],
  ])('%s is understood', (text, name, place, origin) => {
    const [frame] = parseStack(`Error: x\n${text}`)
    expect(frame && [frame.name, placeOf(frame), originOf(frame)]).toEqual([
      name,
      origin === 'host' ? `timers:199:5` : place,
      origin,
    ])
  })

  test.each([
    'Error: at /app/a.ts',
    '    at Promise.all (index 0)',
    '    at eval (eval at f (/a.ts:1:2), <anonymous>:1:1)',
  ])('%s is none with a place', text => {
    expect(parseStack(text)).toEqual([])
  })
})

describe('where code under test comes in', () => {
  const entry = (...lines: string[]): unknown =>
    entryOf(parseStack(lines.map(line => `    at ${line}`).join('\n')))

  test('is its innermost frame, with what it called', () => {
    expect(
      entry(
        'new Timeout (node:internal/timers:1:1)',
        'setTimeout (node:timers:1:1)',
        'reconcile (/app/rooms.ts:14:9)',
      ),
    ).toEqual({ place: 'rooms.ts:14:9', callee: 'setTimeout' })
  })

  test('is a library where there is no other', () => {
    const got = 'get (/app/node_modules/got/index.js:1:1)'
    expect(entry(got, 'reconcile (/app/rooms.ts:14:9)')).toEqual({
      place: 'rooms.ts:14:9',
      callee: undefined,
    })
    expect(entry(got)).toEqual({ place: 'index.js:1:1', callee: undefined })
  })

  test('is not beyond the driver', () => {
    expect(
      entry(`take (${root}testing/simulation/run/driver.ts:1:1)`, 'test (/app/rooms.test.ts:1:1)'),
    ).toBeUndefined()
  })
})
