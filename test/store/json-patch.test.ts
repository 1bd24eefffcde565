import fc from 'fast-check'
import fastJsonPatch from 'fast-json-patch'
import { describe, expect, test } from 'vitest'
import type { JsonPatchOperation } from '../../src/store/index.js'
import { applyJsonPatch } from '../../src/store/index.js'
import { JSON_PATCH_COPY_BYTES_MAX, JsonPatchError } from '../../src/store/json/json-patch.js'
import { deepFreeze } from '../fixtures/deep-freeze.js'

const { applyPatch, compare } = fastJsonPatch

function patched(document: unknown, patch: unknown): unknown {
  return applyJsonPatch(document, patch as readonly JsonPatchOperation[])
}

function fault(run: () => unknown): { code: string; index: number; path: string; reason: string } {
  try {
    run()
  } catch (error) {
    return error as never
  }
  throw new Error('nothing was thrown')
}

describe('a JSON patch', () => {
  test.each([
    ['puts an item at the end', { a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    ['puts an item in between', { a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    ['replaces an item', { a: [1, 2] }, [{ op: 'replace', path: '/a/0', value: 9 }], { a: [9, 2] }],
    ['removes an item', { a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
    ['replaces a member by adding it', { a: 1 }, [{ op: 'add', path: '/a', value: null }], { a: null }],
    ['knows the empty key', { '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
    ['takes digits for a key of an object', { '0': 1 }, [{ op: 'remove', path: '/0' }], {}],
    [
      'may use - as a key of an object',
      { a: {} },
      [{ op: 'add', path: '/a/-', value: 1 }],
      { a: { '-': 1 } },
    ],
    ['moves', { a: { x: 1 } }, [{ op: 'move', from: '/a/x', path: '/b' }], { a: {}, b: 1 }],
    ['moves within a list', [1, 2, 3], [{ op: 'move', from: '/0', path: '/2' }], [2, 3, 1]],
    ['moves a value to where it is', { a: 1 }, [{ op: 'move', from: '/a', path: '/a' }], { a: 1 }],
    [
      'sees what operations before it did',
      {},
      [
        { op: 'add', path: '/a', value: {} },
        { op: 'add', path: '/a/b', value: 1 },
      ],
      { a: { b: 1 } },
    ],
    ['does not mind other members', { a: 1 }, [{ op: 'test', path: '/a', value: 1, from: 7 }], { a: 1 }],
    ['replaces the whole document', { a: 1 }, [{ op: 'replace', path: '', value: [1] }], [1]],
    [
      'has an own constructor, if it is there',
      { constructor: 1 },
      [{ op: 'remove', path: '/constructor' }],
      {},
    ],
  ])('%s', (_law, document, patch, result) => {
    expect(patched(deepFreeze(document), deepFreeze(patch))).toEqual(result)
  })

  test.each([
    ['is no list', {}, -1],
    ['has something else than operations', [7], 0],
    ['has an operation without op', [{ path: '/a' }], 0],
    ['has an unknown operation', [{ op: 'Add', path: '/a', value: 1 }], 0],
    ['has no path', [{ op: 'remove' }], 0],
    ['has a path that is no pointer', [{ op: 'remove', path: 'a' }], 0],
    ['has a wrong escape', [{ op: 'remove', path: '/a~2' }], 0],
    ['has an open escape', [{ op: 'remove', path: '/a~' }], 0],
    ['names __proto__', [{ op: 'add', path: '/__proto__', value: 1 }], 0],
    ['names __proto__ as its source', [{ op: 'copy', from: '/__proto__', path: '/a' }], 0],
    [
      'has no value',
      [
        { op: 'test', path: '/a', value: 1 },
        { op: 'add', path: '/b' },
      ],
      1,
    ],
    ['has no from', [{ op: 'move', path: '/b' }], 0],
  ])('is malformed when it %s', (_law, patch, index) => {
    expect(fault(() => patched({ a: 1 }, patch))).toMatchObject({ code: 'BadRequest', index })
  })

  test.each([
    ['/a/01', { op: 'replace', value: 1 }],
    ['/a/00', { op: 'test', value: 1 }],
    ['/a/+1', { op: 'add', value: 1 }],
    ['/a/ 1', { op: 'add', value: 1 }],
    ['/a/1.0', { op: 'add', value: 1 }],
    ['/a/4', { op: 'add', value: 1 }],
    ['/a/3', { op: 'replace', value: 1 }],
    ['/a/-', { op: 'replace', value: 1 }],
    ['/a/-', { op: 'copy', from: '/a/-' }],
    ['/a/length', { op: 'test', value: 3 }],
    ['/s/0', { op: 'test', value: 't' }],
    ['/s/x', { op: 'add', value: 1 }],
    ['/constructor', { op: 'remove' }],
    ['/constructor/prototype/x', { op: 'add', value: 1 }],
    ['/toString', { op: 'replace', value: 1 }],
    ['', { op: 'remove' }],
    ['/a/b', { op: 'move', from: '/a' }],
    ['/n', { op: 'test', value: 0 }],
    ['/x', { op: 'move', from: '/nowhere' }],
  ])('does not fit at %s with %o', (path, operation) => {
    const document = deepFreeze({ a: [1, 2, 3], s: 'text', n: null })
    const found = fault(() =>
      patched(document, [
        { op: 'test', path: '/n', value: null },
        { ...operation, path },
      ]),
    )
    expect(found).toMatchObject({ code: 'Invalid', index: 1 })
    expect(found.reason).toContain(operation.op)
  })

  test('names the source when the source is missing', () => {
    expect(fault(() => patched({}, [{ op: 'copy', from: '/x/y', path: '/z' }])).path).toBe('/x/y')
  })

  test('has at most 10,000 operations', () => {
    const patch = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '', value: {} }))
    expect(patched({}, patch.slice(1))).toEqual({})
    expect(fault(() => patched({}, patch)).code).toBe('TooLarge')
  })

  test('refuses values that are not JSON', () => {
    const bad = [{ op: 'add', path: '/a', value: { b: Number.NaN } }]
    expect(() => patched({}, bad)).toThrow('patch[0].value.b')
  })

  test('takes the values over, it does not borrow them', () => {
    const value = { x: 1 }
    const result = patched({}, [{ op: 'add', path: '/a', value }]) as { a: object }
    expect(result.a).toEqual(value)
    expect(result.a).not.toBe(value)
  })

  test('keeps every part that it does not touch', () => {
    const before = deepFreeze({ a: { b: { c: 1 }, d: {} }, e: [{}, {}] })
    const after = patched(before, [
      { op: 'replace', path: '/a/b/c', value: 2 },
      { op: 'add', path: '/e/0', value: 0 },
    ]) as typeof before
    expect(after.a.d).toBe(before.a.d)
    expect(after.e[2]).toBe(before.e[1])
    const same = patched(before, [
      { op: 'replace', path: '/a/b', value: { c: 1 } },
      { op: 'add', path: '/a/d', value: {} },
    ])
    expect(same).toBe(before)
  })
})

const json = fc.letrec(tie => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, 0, 1, 'x', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'b', '', '0', 'm~n', 'a/b', '-'), tie('value'), { maxKeys: 3 }),
  ),
})).value

const token = fc.constantFrom('a', 'b', '', '0', '1', '2', 'm~0n', 'a~1b', '-')
const pointer = fc.array(token, { maxLength: 3 }).map(tokens => tokens.map(each => `/${each}`).join(''))
const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: pointer, value: json }),
  fc.record({ op: fc.constant('remove'), path: pointer.filter(path => path !== '') }),
  fc.record({ op: fc.constantFrom('move', 'copy'), path: pointer, from: pointer }),
)

describe('compared with fast-json-patch', () => {
  test('any patch that it makes itself gives the document that it was made for', () => {
    fc.assert(
      fc.property(json, json, (before, after) => {
        const patch = compare({ value: before }, { value: after })
        expect(patched(deepFreeze({ value: before }), patch)).toEqual({ value: after })
      }),
    )
  })

  // The other library is the laxer one (it takes an empty text for an index, adds beyond the end of an array, moves
  // a value into itself), so only what is accepted here can be compared.
  test('any patch that is accepted gives the same document', () => {
    fc.assert(
      fc.property(json, fc.array(operation, { maxLength: 4 }), (document, patch) => {
        let own: unknown
        try {
          own = patched(deepFreeze(document), patch)
        } catch (error) {
          expect(error).toBeInstanceOf(JsonPatchError)
          return
        }
        expect(applyPatch(document, structuredClone(patch) as never, false, false).newDocument).toEqual(own)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the work of a patch', () => {
  /** Counts what is read of a value: every copy of a node reads all of it. */
  function counted<T extends object>(value: T): { readonly value: T; readonly reads: () => number } {
    let reads = 0
    const get = (target: object, key: PropertyKey): unknown => {
      reads++
      return Reflect.get(target, key) as unknown
    }
    return { value: new Proxy(value, { get: (target, key) => get(target, key) }), reads: () => reads }
  }

  test('many changes of a long list copy it once', () => {
    const list = counted(Array.from({ length: 10_000 }, (_, index) => index))
    const changes = Array.from({ length: 300 }, (_, index) => [
      { op: 'add', path: '/list/0', value: index },
      { op: 'remove', path: '/list/5000' },
      { op: 'replace', path: '/list/7', value: -index },
    ]).flat()
    const { list: after } = patched({ list: list.value }, changes) as { readonly list: readonly number[] }
    expect(after).toHaveLength(10_000)
    expect(after[0]).toBe(299)
    expect(list.reads()).toBeLessThan(2 * 10_000)
  })

  test('many changes of a wide object copy it once', () => {
    const wide = counted(
      Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, index])),
    )
    const changes = Array.from({ length: 300 }, (_, index) => [
      { op: 'add', path: `/wide/new${index}`, value: 1 },
      { op: 'remove', path: `/wide/k${index}` },
    ]).flat()
    expect(Object.keys((patched({ wide: wide.value }, changes) as { wide: object }).wide)).toHaveLength(5_000)
    expect(wide.reads()).toBeLessThan(2 * 5_000)
  })

  test('what is copied twice is changed in one place only', () => {
    const document = deepFreeze({ a: { list: [1] } })
    const result = patched(document, [
      { op: 'add', path: '/a/list/-', value: 2 },
      { op: 'copy', from: '/a', path: '/b' },
      { op: 'add', path: '/a/list/-', value: 3 },
      { op: 'copy', from: '/b/list', path: '/b/more' },
      { op: 'remove', path: '/b/list/0' },
    ])
    expect(result).toEqual({ a: { list: [1, 2, 3] }, b: { list: [2], more: [1, 2] } })
    expect(document).toEqual({ a: { list: [1] } })
  })

  test('copies that double the document are refused before they are made', () => {
    const leaf = counted({ v: 1 })
    const bomb = Array.from({ length: 40 }, (_, index) => ({ op: 'copy', from: '/a', path: `/a/k${index}` }))
    const { code, index } = fault(() => patched({ a: leaf.value }, bomb))
    expect([code, index]).toEqual(['TooLarge', 17])
    expect(leaf.reads()).toBeLessThan(JSON_PATCH_COPY_BYTES_MAX / 10)
  })

  test('a long list can be copied a few times, and no more', () => {
    const list = Array.from({ length: 100_000 }, () => 0)
    const copies = (count: number): unknown =>
      Array.from({ length: count }, (_, index) => ({ op: 'copy', from: '/list', path: `/l${index}` }))
    expect(Object.keys(patched({ list }, copies(3)) as object)).toHaveLength(4)
    expect(fault(() => patched({ list }, copies(4)))).toMatchObject({ code: 'TooLarge', index: 3 })
  })

  test('a value that copies nest ever deeper is refused', () => {
    const deeper = Array.from({ length: 10_000 }, () => ({
      op: 'copy',
      from: '',
      path: `${'/a'.repeat(150)}/b`,
    }))
    let document: unknown = {}
    for (let depth = 0; depth < 150; depth++) document = { a: document }
    expect(fault(() => patched(document, deeper))).toMatchObject({ code: 'TooLarge' })
    expect(fault(() => patched({}, [{ op: 'add', path: '/a'.repeat(201), value: 1 }]))).toMatchObject({
      code: 'BadRequest',
    })
  })
})
