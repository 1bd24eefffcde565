import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { KeelsonErrorCode } from '../../src/core/index.js'
import { isKeelsonError } from '../../src/core/index.js'
import type { Store, StoreOptions, Transaction } from '../../src/store/index.js'
import { createStore, defineKind, listAndWatch } from '../../src/store/index.js'
import { jsonBytes } from '../../src/store/object/object-size.js'
import { selectObjects } from '../../src/store/read/list-order.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Gadget, kindOf, Widget } from '../fixtures/kinds.js'

const at = { namespace: 'default', name: 'a' }
const Stranger = kindOf<object>('Stranger')

async function storeWithA(options: Partial<StoreOptions> = {}): Promise<Store> {
  const store = createStore({ kinds: [Widget, Gadget], env: createVirtualEnv(), ...options })
  await store.create(Widget, {
    metadata: { ...at, labels: { app: 'web' }, finalizers: ['example.com/x'] },
    spec: { size: 1, node: 'n1' },
  })
  await store.create(Gadget, { metadata: { name: 'g' }, spec: {} })
  return store
}

function hashOf(store: Store): string {
  using snapshot = store.snapshot()
  return snapshot.hash()
}

const contentOf = (store: Store): unknown =>
  JSON.stringify([
    store.revision,
    hashOf(store),
    store.list(Widget).items,
    store.list(Gadget).items,
    store.list(Widget, { index: { name: 'node', value: 'n1' } }).items,
    store.list(Widget, { labelSelector: 'app=web' }).items,
  ])

/** A call with `never` where it breaks the types, as plain JavaScript does. */
type Call = (store: Store) => unknown

interface Refusal {
  readonly code: KeelsonErrorCode
  /** What, where and the remedy, as far as there is one. */
  readonly message: RegExp
}

/** Refused with a typed error that says enough; the store is as before, and goes on. */
async function refuses(store: Store, call: Call, { code, message }: Refusal): Promise<void> {
  const before = contentOf(store)
  let error: unknown
  try {
    error = ['no error, but', await call(store)]
  } catch (thrown) {
    error = thrown
  }
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) as unknown })
  expect(isKeelsonError(error, code)).toBe(true)
  expect(contentOf(store)).toBe(before)
  const { revision } = store
  await store.modify(Widget, at, draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
  expect(store.revision).toBe(revision + 1)
}

type Row = readonly [what: string, call: Call, code: KeelsonErrorCode, message: RegExp]
const refusalsOf = (rows: readonly Row[]): void => {
  test.each(rows)('%s', async (_what, call, code, message) => {
    await refuses(await storeWithA(), call, { code, message })
  })
}

const nothing = undefined as never

describe('a kind that is not known', () => {
  const unknown = /kind example\/v1\/Stranger is not known.*createStore\(\{ kinds \}\)/
  const calls: readonly (readonly [string, Call])[] = [
    ['get', s => s.get(Stranger, at)],
    ['list', s => s.list(Stranger)],
    ['watch', s => s.watch(Stranger)],
    ['create', s => s.create(Stranger, { metadata: at, spec: {} })],
    ['update', s => s.update(Stranger, { metadata: at, spec: {} })],
    ['updateStatus', s => s.updateStatus(Stranger, { metadata: at, spec: {} })],
    ['modify', s => s.modify(Stranger, at, () => {})],
    ['modifyStatus', s => s.modifyStatus(Stranger, at, () => {})],
    ['delete', s => s.delete(Stranger, at)],
    ['a transaction', s => s.transact(tx => tx.create(Stranger, { metadata: at, spec: {} }))],
    ['a snapshot', s => s.snapshot().list(Stranger)],
  ]
  refusalsOf(calls.map(([what, call]) => [what, call, 'Usage', unknown]))
})

describe('what is no kind, no reference, no object, no function', () => {
  refusalsOf([
    ['a kind that is undefined', s => s.list(nothing), 'Usage', /kind.*defineKind/],
    ['a kind that is a name', s => s.list('Widget' as never), 'Usage', /"Widget".*defineKind/],
    ['a write to undefined', s => s.create(nothing, { metadata: at, spec: {} }), 'Usage', /defineKind/],
    ['a reference that is undefined', s => s.get(Widget, nothing), 'Invalid', /Widget.*name/],
    [
      'a reference that is text',
      s => s.get(Widget, 'default/a' as never),
      'Invalid',
      /Widget.*must be an object, as \{ namespace, name \} \(got "default\/a"\)/,
    ],
    [
      'a reference without a namespace',
      s => s.get(Widget, { name: 'a' }),
      'Invalid',
      /namespace.*must be given/,
    ],
    [
      'a namespace where there are none',
      s => s.delete(Gadget, { ...at }),
      'Invalid',
      /namespace.*must be absent, Gadget/,
    ],
    ['a deletion of undefined', s => s.delete(Widget, nothing), 'Invalid', /Widget.*name/],
    ['an object that is undefined', s => s.create(Widget, nothing), 'Invalid', /Widget.*object/],
    ['an object that is a list', s => s.create(Widget, [] as never), 'Invalid', /Widget.*(object|metadata)/],
    ['an update with null', s => s.update(Widget, null as never), 'Invalid', /Widget.*object/],
    ['a recipe that is undefined', s => s.modify(Widget, at, nothing), 'Usage', /recipe.*function/],
    [
      'a recipe that is a patch',
      s => s.modify(Widget, at, { spec: {} } as never),
      'Usage',
      /recipe.*function/,
    ],
    [
      'a listener that is no function, of a write',
      s => s.modify(Widget, at, draft => void (draft.spec.size = 2), { committed: true as never }),
      'Usage',
      /committed must be a function of the revision, not true/,
    ],
    [
      'a listener that is no function, of a transaction',
      s => s.transact(tx => tx.delete(Gadget, { name: 'g' }), { committed: 5 as never }),
      'Usage',
      /committed must be a function of the revision, not 5/,
    ],
    [
      'a listener that is no function, of an optimistic transaction',
      s => s.optimistic(async tx => tx.delete(Gadget, { name: 'g' }), { committed: 'me' as never }),
      'Usage',
      /committed must be a function of the revision, not me/,
    ],
    ['a transaction without a body', s => s.transact(nothing), 'Usage', /transact.*function/],
    [
      'a fence of nothing',
      s => s.client(s.env, { fence: {} as never }).delete(Widget, at),
      'Usage',
      /undefined is no kind/,
    ],
  ])
})

describe('what is not JSON', () => {
  class Point {}
  const cycle: Record<string, unknown> = {}
  cycle['self'] = { again: [cycle] }
  const deep = Array.from({ length: 200 }).reduce<unknown>(inner => ({ inner }), {})
  const values: readonly (readonly [what: string, value: unknown, field: string, message: RegExp])[] = [
    ['undefined', undefined, 'x', /leave the field out or use null/],
    ['NaN', Number.NaN, 'x', /must be a finite number/],
    ['Infinity', Number.POSITIVE_INFINITY, 'x', /must be a finite number/],
    ['a Date', new Date(0), 'x', /must be a plain object, not an instance of Date/],
    ['a Map', new Map(), 'x', /must be a plain object, not an instance of Map/],
    ['a class instance', new Point(), 'x', /must be a plain object, not an instance of Point/],
    ['a promise', Promise.resolve(), 'x', /must be a plain object, not an instance of Promise/],
    ['a typed array', new Uint8Array(2), 'x', /must be a plain object, not an instance of Uint8Array/],
    ['a function', () => 1, 'x', /a function is not JSON/],
    ['a symbol', Symbol('s'), 'x', /a symbol is not JSON/],
    ['a bigint', 1n, 'x', /a bigint is not JSON/],
    ['a hole', Array.from({ length: 1 }), 'x[0]', /leave the field out or use null/],
    ['a cycle', cycle, 'x.self.again[0]', /cannot contain itself/],
    ['__proto__', JSON.parse('{"__proto__":{"isAdmin":true}}'), 'x.__proto__', /not allowed as a key/],
    [
      'a symbol as a key',
      { ok: 1, [Symbol('s')]: 1 },
      'x',
      /must not have Symbol\(s\), which is not JSON and would be lost/,
    ],
    [
      'a hidden field',
      Object.defineProperty({ ok: 1 }, 'more', { value: 1 }),
      'x',
      /must not have more, which is not JSON/,
    ],
    ['a list with a field', Object.assign([1], { more: 1 }), 'x', /must not have more, which is not JSON/],
    ['too deep a nesting', deep, 'x', /must not nest deeper than 100/],
  ]
  const ways: readonly (readonly [string, (store: Store, x: unknown) => unknown, string])[] = [
    [
      'create',
      (s, x) => s.create(Widget, { metadata: { ...at, name: 'b' }, spec: { x } as object }),
      'spec.',
    ],
    ['update', (s, x) => s.update(Widget, { ...s.get(Widget, at)!, spec: { x } as object }), 'spec.'],
    [
      'updateStatus',
      (s, x) => s.updateStatus(Widget, { ...s.get(Widget, at)!, status: { x } as object }),
      'status.',
    ],
    ['modify', (s, x) => s.modify(Widget, at, draft => void Object.assign(draft.spec, { x })), 'spec.'],
    [
      'transact',
      (s, x) =>
        s.transact(tx => {
          tx.delete(Gadget, { name: 'g' })
          tx.modify(Widget, at, draft => void Object.assign(draft.spec, { x }))
        }),
      'spec.',
    ],
    [
      'client',
      (s, x) =>
        settled(s, s.client(s.env).create(Gadget, { metadata: { name: 'b' }, spec: { x } as object })),
      'spec.',
    ],
  ]
  for (const [way, write, root] of ways) {
    test.each(values)(`${way} of %s`, async (_what, value, field, message) => {
      const store = await storeWithA()
      await refuses(store, s => write(s, value), { code: 'Invalid', message })
      const error: unknown = await Promise.resolve(write(store, value)).catch((reason: unknown) => reason)
      const [problem] = (error as { problems: { field: string }[] }).problems
      expect(problem?.field.startsWith(root + field)).toBe(true)
      expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined()
    })
  }

  test.each(values.filter(([what]) => what !== 'undefined'))(
    'a label and an annotation of %s',
    async (_what, value) => {
      const store = await storeWithA()
      for (const part of ['labels', 'annotations'])
        await refuses(
          store,
          s =>
            s.create(Widget, { metadata: { ...at, name: 'b', [part]: { key: value as string } }, spec: {} }),
          { code: 'Invalid', message: new RegExp(`metadata\\.${part}`) },
        )
    },
  )
})

function settled<T>(store: Store, promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return (store.env as ReturnType<typeof createVirtualEnv>).settle().then(() => promise)
}

describe('queries that cannot be understood', () => {
  const inEach = (what: string, option: object, message: RegExp): Row[] => [
    [`list by ${what}`, s => s.list(Widget, option), 'BadRequest', message],
    [`a snapshot’s list by ${what}`, s => s.snapshot().list(Widget, option), 'BadRequest', message],
    [
      `a transaction’s list by ${what}`,
      s => s.transact(tx => tx.list(Widget, option)),
      'BadRequest',
      message,
    ],
  ]
  refusalsOf([
    ...inEach('a label selector with a third =', { labelSelector: 'a===b' }, /labelSelector.*understood/),
    ...inEach('a label selector without an end', { labelSelector: 'a in (b' }, /labelSelector.*understood/),
    ...inEach('a label selector that is a number', { labelSelector: 5 }, /labelSelector.*understood/),
    ...inEach(
      'a label selector of odd shape',
      { labelSelector: { app: 'web' } },
      /labelSelector.*understood/,
    ),
    ...inEach(
      'a field selector without a value',
      { fieldSelector: 'spec.node' },
      /fieldSelector.*understood/,
    ),
    ...inEach('a field selector that is a number', { fieldSelector: 5 }, /fieldSelector.*understood/),
    ...inEach(
      'a field that is not there',
      { fieldSelector: 'colour=red' },
      /Widget.*"colour".*use metadata\.name/,
    ),
    ...inEach(
      'an index that is not declared',
      { index: { name: 'size', value: '1' } },
      /Widget.*"size".*declares node/,
    ),
    ...inEach(
      'a name of every object',
      { index: { name: 'toString', value: '1' } },
      /"toString".*declares node/,
    ),
    ...inEach(
      'an index value that is a flag',
      { index: { name: 'node', value: true } },
      /index "node".*text/,
    ),
    ...inEach(
      'a range of an index without order',
      { index: { name: 'node', from: 1 } },
      /index "node".*not ordered/,
    ),
    ...inEach('an index that is text', { index: 'node' }, /index.*name/),
    ...inEach('a namespace that is a number', { namespace: 5 }, /namespace.*text/),
    [
      'a watch by a bad selector',
      s => s.watch(Widget, { labelSelector: 'a===b' }),
      'BadRequest',
      /labelSelector/,
    ],
    ['a watch since a word', s => s.watch(Widget, { since: 'yesterday' }), 'BadRequest', /since.*yesterday/],
    ['a watch since a fraction', s => s.watch(Widget, { since: 1.5 }), 'BadRequest', /since.*1\.5/],
    ['a watch since a negative', s => s.watch(Widget, { since: -1 }), 'BadRequest', /since.*-1/],
    [
      'a watch since the future',
      s => s.watch(Widget, { since: 99 }),
      'FutureRevision',
      /99 is in the future.*at 2/,
    ],
    [
      'a watch by an undeclared index',
      s => s.watch(Widget, { index: { name: 'size', value: '1' } }),
      'BadRequest',
      /Widget.*"size".*declares node/,
    ],
    ['a watch of no kind', s => s.watch([]), 'Usage', /kind/],
    ['a share beyond its number', s => s.watch(Widget, { shard: { of: 2, index: 2 } }), 'Usage', /shard/],
    ['a buffer of nothing', s => s.watch(Widget, { bufferLimit: 0 }), 'Usage', /bufferLimit/],
    [
      'an unknown policy',
      s => s.watch(Widget, { slowConsumer: 'drop' as 'close' }),
      'Usage',
      /slowConsumer.*drop/,
    ],
    [
      'a watch from two places',
      s => s.watch(Widget, { since: 1, sendInitialEvents: true }),
      'Usage',
      /sendInitialEvents or since/,
    ],
  ])
})

describe('options that nothing takes', () => {
  const write = (verb: string, options: object): Call => {
    const object = { metadata: { ...at, name: 'b' }, spec: {} }
    const calls: Readonly<Record<string, Call>> = {
      create: s => s.create(Widget, object, options),
      update: s => s.update(Widget, s.get(Widget, at)!, options),
      updateStatus: s => s.updateStatus(Widget, s.get(Widget, at)!, options),
      modify: s => s.modify(Widget, at, draft => void (draft.spec.size = 9), options),
      modifyStatus: s => s.modifyStatus(Widget, at, draft => void (draft.status = {}), options),
      patch: s => s.patch(Widget, at, { spec: { size: 9 } }, { type: 'merge', ...options }),
      delete: s => s.delete(Widget, at, options),
      transact: s => s.transact(tx => tx.delete(Widget, at), options),
      optimistic: s => s.optimistic(tx => tx.delete(Widget, at), options),
      'tx.create': s => s.transact(tx => tx.create(Widget, object, options)),
      'tx.modify': s =>
        s.optimistic(tx => tx.modify(Widget, at, draft => void (draft.spec.size = 9), options)),
      'tx.delete': s => s.transact(tx => tx.delete(Widget, at, options)),
    }
    return calls[verb] as Call
  }
  const verbs = ['create', 'update', 'updateStatus', 'modify', 'modifyStatus', 'patch', 'delete', 'transact']
  refusalsOf([
    ...verbs.map(
      (verb): Row => [
        `${verb} as a dryrun`,
        write(verb, { dryrun: true }),
        'Usage',
        new RegExp(`^${verb} has no option "dryrun"; did you mean dryRun\\?$`),
      ],
    ),
    [
      'a deferred create as a dryrun',
      s =>
        settled(
          s,
          s
            .client(s.env)
            .create(Widget, { metadata: { ...at, name: 'b' }, spec: {} }, { dryrun: true } as object),
        ),
      'Usage',
      /dryRun\?/,
    ],
    [
      'a delete with a precondition',
      write('delete', { precondition: { uid: 'x' } }),
      'Usage',
      /did you mean preconditions\?/,
    ],
    [
      'a delete with preconditions of another name',
      write('delete', { preconditions: { resourceVerison: '1' } }),
      'Usage',
      /^preconditions has no option "resourceVerison"; did you mean resourceVersion\?/,
    ],
    [
      'a modify with preconditions that are text',
      write('modify', { preconditions: '1' }),
      'Usage',
      /options of preconditions must be an object/,
    ],
    [
      'an optimistic dry run',
      write('optimistic', { dryRun: true }),
      'Usage',
      /^optimistic has no option "dryRun"; it takes actor, attempts, committed, reason, traceId$/,
    ],
    [
      'one write of a transaction as a dry run',
      write('tx.delete', { dryRun: true }),
      'Usage',
      /^tx\.delete has no option "dryRun"/,
    ],
    [
      'a create in a transaction with a reason',
      write('tx.create', { reason: 'x' }),
      'Usage',
      /^tx\.create has no option "reason"/,
    ],
    [
      'a modify in a transaction with a time to live of another name',
      write('tx.modify', { ttl: 5 }),
      'Usage',
      /did you mean ttlMs\?/,
    ],
    ['a merge patch by force', write('patch', { force: true }), 'Usage', /^patch has no option "force"/],
    [
      'options that are null',
      write('delete', null as never),
      'Usage',
      /options of delete must be an object of .*not null/,
    ],
    [
      'a list by a lableSelector',
      s => s.list(Widget, { lableSelector: 'app=x' } as object),
      'Usage',
      /^list has no option "lableSelector"; did you mean labelSelector\?$/,
    ],
    [
      'a count by a lableSelector',
      s => s.count(Widget, { lableSelector: 'app=x' } as object),
      'Usage',
      /labelSelector\?/,
    ],
    [
      'a snapshot’s list of another revision',
      s => s.snapshot().list(Widget, { resourceVersion: '1' } as object),
      'Usage',
      /^list has no option "resourceVersion"/,
    ],
    [
      'a transaction’s count of another revision',
      s => s.transact(tx => tx.count(Widget, { resourceVersion: '1' } as object)),
      'Usage',
      /resourceVersion/,
    ],
    [
      'objects selected by a lableSelector',
      () => selectObjects(Widget, { lableSelector: 'app=x' } as object, () => []),
      'Usage',
      /labelSelector\?/,
    ],
    [
      'names by a prefx',
      s => s.list(Widget, { names: { prefx: 'a' } as object }),
      'Usage',
      /^names has no option "prefx"; did you mean prefix\?/,
    ],
    [
      'an index by values',
      s => s.list(Widget, { index: { name: 'node', value: 'n1', form: 1 } as never }),
      'Usage',
      /did you mean from\?/,
    ],
    [
      'a watch of a lableSelector',
      s => s.watch(Widget, { lableSelector: 'app=x' } as object),
      'Usage',
      /^watch has no option.*labelSelector\?/,
    ],
    [
      'a watch from the last',
      s => s.watch(Widget, { reverse: true } as object),
      'Usage',
      /^watch has no option "reverse"/,
    ],
    [
      'a shard of',
      s => s.watch(Widget, { shard: { of: 2, index: 0, size: 1 } as never }),
      'Usage',
      /^shard has no option/,
    ],
    [
      'a list and watch since',
      s => listAndWatch(s, Widget, { since: 1 } as object),
      'Usage',
      /^listAndWatch has no option "since"/,
    ],
    ['a client with fences', s => s.client(s.env, { fences: [] } as object), 'Usage', /did you mean fence\?/],
    [
      'a fence by a number',
      s => s.client(s.env, { fence: { kind: Widget, ref: at, resourceVersion: 1 as never } }),
      'Invalid',
      /fence.*resourceVersion.*text/,
    ],
    [
      'a grant for a time',
      s => s.lifetimes.grant({ ttlMs: 5, ttl: 5 } as never),
      'Usage',
      /^grant has no option "ttl"; did you mean ttlMs\?/,
    ],
    [
      'a revocation because',
      s => s.lifetimes.revoke('L', { why: 'x' } as object),
      'Usage',
      /^revoke has no option "why"; it takes actor, reason, traceId/,
    ],
    [
      'a store with a cache',
      () => createStore({ kinds: [], objectBytes: 5 } as never),
      'Usage',
      /createStore.*did you mean objectBytesMax\?/,
    ],
  ])

  test('those that are undefined are as if left out', async () => {
    const store = await storeWithA()
    await store.delete(Widget, at, { dryrun: undefined, precondition: undefined } as object)
    expect(store.get(Widget, at)?.metadata.deletionTimestamp).toBeDefined()
  })

  test.each<
    [
      string,
      object,
      (store: Store, given: never) => Promise<unknown>,
      (given: never) => void,
      KeelsonErrorCode | undefined,
    ]
  >([
    [
      'a precondition',
      { preconditions: { resourceVersion: '0' } },
      (s, given) => s.client(s.env).modify(Widget, at, draft => void (draft.spec.size = 9), given),
      (given: { preconditions: object }) => void Object.assign(given.preconditions, { resourceVersion: '1' }),
      'Conflict',
    ],
    [
      'a dry run',
      { dryRun: true },
      (s, given) => s.client(s.env).delete(Widget, at, given),
      (given: { dryRun: boolean }) => void (given.dryRun = false),
      undefined,
    ],
    [
      'a dry run of a transaction',
      { dryRun: true },
      (s, given) => s.client(s.env).transact(tx => tx.delete(Widget, at), given),
      (given: { dryRun: boolean }) => void (given.dryRun = false),
      undefined,
    ],
    [
      'a fence',
      { kind: Widget, ref: at, resourceVersion: '0' },
      (s, given) => s.client(s.env, { fence: given }).delete(Widget, at),
      (given: { resourceVersion: string }) => void (given.resourceVersion = '1'),
      'Fenced',
    ],
  ])('they are taken at the call: %s', async (_what, given, call, change, code) => {
    const store = await storeWithA()
    const before = contentOf(store)
    const done = call(store, given as never).then(
      () => undefined,
      (error: { code: KeelsonErrorCode }) => error.code,
    )
    change(given as never)
    expect(await settled(store, done)).toBe(code)
    expect(contentOf(store)).toBe(before)
  })

  test('and so is an object whose hook takes its time', async () => {
    const hook = { name: 'slow', phase: 'validate', handle: () => Promise.resolve(undefined) } as const
    const store = createStore({ kinds: [Widget], env: createVirtualEnv(), admission: [hook] })
    const object = { metadata: { ...at }, spec: { size: 1 } }
    const made = store.create(Widget, object)
    object.spec.size = 2
    object.metadata.name = 'b'
    expect((await made).spec.size).toBe(1)
    expect(store.list(Widget).items.map(({ metadata }) => metadata.name)).toEqual(['a'])
  })
})

describe('what is expected of an object', () => {
  const numeric = { resourceVersion: 1 as never }
  const message = /resourceVersion.*must be a text, as the store gives it/
  refusalsOf([
    ['update', s => s.update(Widget, { metadata: { ...at, ...numeric }, spec: {} }), 'Invalid', message],
    [
      'modify',
      s => s.modify(Widget, at, draft => void (draft.spec.size = 9), { preconditions: numeric }),
      'Invalid',
      message,
    ],
    ['delete', s => s.delete(Widget, at, { preconditions: numeric }), 'Invalid', message],
    [
      'a merge patch',
      s => s.patch(Widget, at, { metadata: numeric, spec: { size: 9 } }, { type: 'merge' }),
      'Invalid',
      message,
    ],
    [
      'a JSON patch',
      s =>
        s.patch(
          Widget,
          at,
          [
            { op: 'replace', path: '/metadata/resourceVersion', value: 1 },
            { op: 'replace', path: '/spec/size', value: 8 },
          ],
          { type: 'json' },
        ),
      'Invalid',
      message,
    ],
    [
      'apply',
      s =>
        s.patch(Widget, at, { metadata: numeric, spec: { size: 9 } }, { type: 'apply', fieldManager: 'm' }),
      'Invalid',
      message,
    ],
    [
      'a uid',
      s => s.delete(Widget, at, { preconditions: { uid: 5 as never } }),
      'Invalid',
      /uid.*must be a text/,
    ],
  ])
})

describe('a recipe that returns something', () => {
  refusalsOf([
    [
      'an object of its own',
      s => s.modify(Widget, at, ((draft: object) => ({ ...draft, spec: { size: 9 } })) as never),
      'Usage',
      /recipe changes its draft and returns nothing/,
    ],
    [
      'in a transaction',
      s => s.transact(tx => tx.modify(Widget, at, (() => ({})) as never)),
      'Usage',
      /returns nothing/,
    ],
  ])
  test('is not asked about what an expression happens to give', async () => {
    const store = await storeWithA()
    await store.modify(Widget, at, ((draft: { spec: object }) =>
      Object.assign(draft.spec, { size: 5 })) as never)
    await store.modify(Widget, at, draft => (draft.metadata.labels['x'] = 'y'))
    expect(store.get(Widget, at)).toMatchObject({ spec: { size: 5 }, metadata: { labels: { x: 'y' } } })
  })
})

describe('kinds and stores that cannot be', () => {
  const base = { apiVersion: 'v1', kind: 'Thing', plural: 'things', namespaced: true }
  test.each<[string, object, RegExp]>([
    [
      'nothing',
      {},
      /kind of kind undefined must be a name in upper camel case such as ReplicaSet, not undefined/,
    ],
    ['a kind in lower case', { ...base, kind: 'thing' }, /upper camel case.*"thing"/],
    ['a plural in upper case', { ...base, plural: 'Things' }, /plural of kind Thing.*lower case.*"Things"/],
    [
      'no namespaced',
      { ...base, namespaced: undefined },
      /namespaced of kind Thing must be true or false, not undefined/,
    ],
    ['a version that is a path', { ...base, apiVersion: 'a/b/c' }, /apiVersion of kind Thing/],
    ['an unknown name format', { ...base, nameFormat: 'any' }, /nameFormat.*dns-subdomain or path-segment/],
    [
      'indexes with U+0000 in a name',
      { ...base, indexes: { 'a\0b': () => 1 } },
      /indexes of kind Thing has "a\\u0000b"/,
    ],
    ['an index that is no function', { ...base, indexes: { a: 'spec.a' } }, /has "a", which is no function/],
    [
      'a unique index that is text',
      { ...base, uniqueIndexes: 'a' },
      /uniqueIndexes of kind Thing must be a list/,
    ],
    ['a schema that is text', { ...base, schema: 'x' }, /schema of kind Thing/],
    [
      'an option of another name',
      { ...base, uniqueIndices: [] },
      /defineKind has no option "uniqueIndices"; did you mean uniqueIndexes\?/,
    ],
  ])('%s is refused', (_what, options, message) => {
    expect(() => defineKind(options as never)).toThrow(
      expect.objectContaining({ code: 'Usage', message: expect.stringMatching(message) as unknown }),
    )
  })

  test('a kind is as it was declared, whatever becomes of what it was given', async () => {
    const uniqueIndexes = ['size']
    const indexes = { size: ({ spec }: { spec: { size: number } }) => spec.size }
    const Thing = defineKind<{ size: number }>({ ...base, indexes, uniqueIndexes })
    uniqueIndexes.length = 0
    indexes.size = () => 0
    const store = createStore({ kinds: [Thing], env: createVirtualEnv() })
    await store.create(Thing, { metadata: at, spec: { size: 1 } })
    await store.create(Thing, { metadata: { ...at, name: 'b' }, spec: { size: 2 } })
    const third = store.create(Thing, { metadata: { ...at, name: 'c' }, spec: { size: 2 } })
    await expect(third).rejects.toMatchObject({ code: 'UniqueViolation' })
  })

  test.each<[string, unknown, RegExp]>([
    ['nothing', undefined, /options of createStore must be an object/],
    ['no kinds', {}, /kinds must be a list/],
    [
      'a kind that is not there yet',
      { kinds: [Widget, undefined] },
      /kinds\[1\] is undefined.*import each other; break that circle/,
    ],
    ['a kind that is a name', { kinds: ['Widget'] }, /kinds\[0\] is "Widget".*defineKind/],
  ])('a store of %s is refused', (_what, options, message) => {
    expect(() => createStore(options as never)).toThrow(
      expect.objectContaining({ code: 'Usage', message: expect.stringMatching(message) as unknown }),
    )
  })
})

describe('pages that cannot be', () => {
  const tokenOf = async (store: Store, options: object = {}): Promise<string> => {
    for (const name of ['b', 'c'])
      if (store.get(Widget, { ...at, name }) === undefined)
        await store.create(Widget, { metadata: { ...at, name }, spec: { node: 'n1' } })
    return store.list(Widget, { limit: 1, ...options }).continue ?? 'none'
  }
  /** The content is looked at before the call, so that objects for a second page must be there by then. */
  const withToken =
    (change: (token: string) => unknown, options: object = {}, given: object = {}) =>
    async (): Promise<void> => {
      const store = await storeWithA()
      const token = await tokenOf(store, given)
      const call = (s: Store): unknown => s.list(Widget, { ...options, continue: change(token) as string })
      await refuses(store, call, { code: 'BadRequest', message: /continue token.*(begin the list again)/ })
    }
  const same = (token: string): string => token
  test('the token of a list by labels in a list of all', withToken(same, {}, { labelSelector: '!app' }))
  test('the token of a list of all in a list by labels', withToken(same, { labelSelector: 'app=web' }))
  test('the token of another namespace', withToken(same, { namespace: 'other' }))
  test('the token of another index', withToken(same, { index: { name: 'node', value: 'n1' } }))
  test(
    'half a token',
    withToken(token => token.slice(0, token.length / 2)),
  )
  test(
    'a token with another name in it',
    withToken(token => `${token}.x`),
  )
  test(
    'a token that is a word',
    withToken(() => 'next'),
  )
  test(
    'a token that is a number',
    withToken(() => 5),
  )
  test(
    'a token with a broken escape',
    withToken(token => `${token}%`),
  )
  test('the token of another store', async () => {
    const env = createVirtualEnv()
    const token = await tokenOf(await storeWithA({ env }))
    const store = await storeWithA({ env })
    const message = /continue token comes from another store; begin the list again/
    await refuses(store, s => s.list(Widget, { continue: token }), { code: 'BadRequest', message })
  })
  test('the token of another kind', async () => {
    const store = await storeWithA()
    const token = await tokenOf(store)
    const message = /continue token comes from a list with other conditions/
    await refuses(store, s => s.list(Gadget, { continue: token }), { code: 'BadRequest', message })
  })
  const limits = [0, -1, 1.5, Number.NaN, '1' as never]
  refusalsOf(
    limits.map(limit => [
      `a limit of ${limit}`,
      s => s.list(Widget, { limit }),
      'BadRequest',
      /limit.*at least 1/,
    ]),
  )
  refusalsOf([
    ['a revision that is a word', s => s.snapshot('first'), 'BadRequest', /first/],
    ['a revision in the future', s => s.snapshot(99), 'FutureRevision', /99 is in the future.*at 2/],
    [
      'a list of the future',
      s => s.list(Widget, { resourceVersion: 99, resourceVersionMatch: 'Exact' }),
      'FutureRevision',
      /99 is in the future.*at 2/,
    ],
  ])
})

describe('patches that are none, or do not fit', () => {
  const json = (patch: unknown): Call => {
    return s => s.patch(Widget, at, patch as never, { type: 'json' })
  }
  const merge = (patch: unknown): Call => {
    return s => s.patch(Widget, at, patch as never, { type: 'merge' })
  }
  const malformed = /JSON patch is malformed/
  const unfit = /JSON patch cannot be applied: operation \d+ at "/
  const many = Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/kind', value: 'Widget' }))
  const good = { op: 'replace', path: '/spec/size', value: 7 }
  refusalsOf([
    ['no list', json({ op: 'remove', path: '/spec/size' }), 'BadRequest', malformed],
    ['undefined', json(undefined), 'BadRequest', malformed],
    ['an operation that is null', json([null]), 'BadRequest', malformed],
    [
      'an unknown operation',
      json([good, { op: 'set', path: '/spec/size', value: 1 }]),
      'BadRequest',
      malformed,
    ],
    ['an operation without a path', json([{ op: 'remove' }]), 'BadRequest', malformed],
    ['an operation without a value', json([{ op: 'add', path: '/spec/x' }]), 'BadRequest', malformed],
    ['a path without its slash', json([{ op: 'remove', path: 'spec' }]), 'BadRequest', malformed],
    ['a broken escape', json([{ op: 'remove', path: '/spec/~2' }]), 'BadRequest', malformed],
    ['a path that is not there', json([good, { op: 'remove', path: '/spec/none' }]), 'Invalid', unfit],
    ['a test that fails', json([good, { op: 'test', path: '/spec/size', value: 8 }]), 'Invalid', unfit],
    [
      'a leading zero',
      json([{ op: 'add', path: '/metadata/finalizers/00', value: 'e.com/y' }]),
      'Invalid',
      unfit,
    ],
    [
      'an index beyond the end',
      json([{ op: 'add', path: '/metadata/finalizers/9', value: 'e.com/y' }]),
      'Invalid',
      unfit,
    ],
    ['__proto__', json([{ op: 'add', path: '/spec/__proto__', value: {} }]), 'BadRequest', /__proto__/],
    [
      'a value that is a Date',
      json([{ op: 'add', path: '/spec/x', value: new Date(0) }]),
      'Invalid',
      /instance of Date/,
    ],
    ['the removal of everything', json([{ op: 'remove', path: '' }]), 'Invalid', /JSON patch/],
    ['too many operations', json(many), 'TooLarge', /10001 operations, at most 10000.*split it/],
    [
      'another name',
      json([{ op: 'replace', path: '/metadata/name', value: 'b' }]),
      'Invalid',
      /metadata\.name/,
    ],
    ['a merge patch that is null', merge(null), 'Invalid', /Widget|patch/],
    ['a merge patch that is a number', merge(5), 'Invalid', /Widget|patch/],
    ['a merge patch with undefined', merge({ spec: { x: undefined } }), 'Invalid', /undefined is not JSON/],
    ['a merge patch of a resourceVersion', merge({ metadata: { resourceVersion: '99' } }), 'Conflict', /99/],
    [
      'a type that is none',
      s => s.patch(Widget, at, {} as never, { type: 'strategic' } as never),
      'Usage',
      /type of a patch/,
    ],
    ['no type', s => s.patch(Widget, at, {} as never, nothing), 'Usage', /type of a patch/],
    [
      'a patch of nothing',
      s => s.patch(Widget, { ...at, name: 'none' }, [], { type: 'json' }),
      'NotFound',
      /none/,
    ],
    [
      'a broken patch in a transaction',
      s =>
        s.transact(tx => {
          tx.delete(Gadget, { name: 'g' })
          tx.patch(Widget, at, [good, { op: 'remove', path: '/spec/none' }] as never, { type: 'json' })
        }),
      'Invalid',
      unfit,
    ],
  ])
})

describe('lifetimes and times that cannot be', () => {
  const times: readonly (number | string | bigint | undefined)[] = [
    Number.NaN,
    -1,
    0,
    Number.POSITIVE_INFINITY,
    9.1e12,
    '1000',
    10n,
    undefined,
  ]
  refusalsOf(
    times.map(ttlMs => [
      `a lifetime for ${String(ttlMs)}`,
      s => s.lifetimes.grant({ ttlMs: ttlMs as number }),
      'Invalid',
      /lifetime is invalid.*ttlMs.*> 0, at most 9000000000000/,
    ]),
  )
  const created = (store: Store, options: object): unknown =>
    store.create(Gadget, { metadata: { name: 'b' }, spec: {} }, options)
  const writes: readonly (readonly [string, (store: Store, options: object) => unknown])[] = [
    ['create', created],
    ['update', (s, options) => s.update(Widget, { ...s.get(Widget, at)!, spec: {} }, options)],
    [
      'updateStatus',
      (s, options) => s.updateStatus(Widget, { ...s.get(Widget, at)!, status: { ready: 1 } }, options),
    ],
    ['modify', (s, options) => s.modify(Widget, at, draft => void (draft.spec.size = 9), options)],
    ['patch', (s, options) => s.patch(Widget, at, { spec: { size: 9 } }, { type: 'merge', ...options })],
    [
      'apply',
      (s, options) =>
        s.patch(Widget, at, { spec: { node: 'n1' } }, { type: 'apply', fieldManager: 'm', ...options }),
    ],
    [
      'transact',
      (s, options) =>
        s.transact(tx => {
          tx.delete(Gadget, { name: 'g' })
          tx.modify(Widget, at, draft => void (draft.spec.size = 9), options)
        }),
    ],
    ['a dry run', (s, options) => created(s, { ...options, dryRun: true })],
    [
      'client',
      (s, options) => settled(s, s.client(s.env).modify(Widget, at, () => {}, options) as Promise<unknown>),
    ],
  ]
  const lifetimes: readonly (readonly [
    what: string,
    options: object,
    code: KeelsonErrorCode,
    message: RegExp,
  ])[] = [
    ...times
      .filter(ttlMs => ttlMs !== undefined)
      .map(ttlMs => [`${String(ttlMs)} ms`, { ttlMs }, 'Invalid', /ttl of an object.*ttlMs.*> 0/] as const),
    ['a lifetime that there is not', { lifetime: 'L' }, 'LifetimeNotFound', /lifetime L.*grant/],
    ['a lifetime that is a number', { lifetime: 5 }, 'Invalid', /lifetime.*id of a lifetime.*1 to 253/],
    [
      'a lifetime that is an object',
      { lifetime: { id: 'L' } },
      'Invalid',
      /lifetime.*id of a lifetime.*1 to 253/,
    ],
    ['a lifetime without a name', { lifetime: '' }, 'Invalid', /lifetime.*id of a lifetime.*1 to 253/],
    ['a lifetime and a time', { lifetime: 'L', ttlMs: 1000 }, 'Usage', /lifetime or for ttlMs, not both/],
  ]
  for (const [what, options, expected, message] of lifetimes)
    refusalsOf(
      writes.map(([way, write]) => [`${way} for ${what}`, s => write(s, options), expected, message]),
    )

  const ids: readonly unknown[] = [5, '', null, { id: 'L' }, ['L'], 'x'.repeat(254)]
  const shape = /id.*must be the id of a lifetime, text of 1 to 253 characters/
  refusalsOf(
    ids.flatMap((id): readonly Row[] => [
      [
        `a grant of ${String(id)}`,
        s => s.lifetimes.grant({ ttlMs: 1000, id: id as string }),
        'Invalid',
        shape,
      ],
      [`a renewal of ${String(id)}`, s => s.lifetimes.renew(id as string), 'Invalid', shape],
      [`a revocation of ${String(id)}`, s => s.lifetimes.revoke(id as string), 'Invalid', shape],
    ]),
  )
  refusalsOf([
    ['a grant of nothing', s => s.lifetimes.grant(nothing), 'Usage', /grant.*ttlMs/],
    [
      'a renewal of a lifetime that there is not',
      s => s.lifetimes.renew('L'),
      'LifetimeNotFound',
      /lifetime L.*grant/,
    ],
    ['a revocation of one', s => s.lifetimes.revoke('L'), 'LifetimeNotFound', /lifetime L.*grant/],
    [
      'a second grant of an id',
      async s => {
        if (s.lifetimes.get('L') === undefined) await s.lifetimes.grant({ id: 'L', ttlMs: 1000 })
        return s.lifetimes.grant({ id: 'L', ttlMs: 1000 })
      },
      'AlreadyExists',
      /lifetime L/,
    ],
  ])

  test('a refused grant takes no id', async () => {
    const store = await storeWithA()
    await expect(store.lifetimes.grant({ ttlMs: Number.NaN })).rejects.toMatchObject({ code: 'Invalid' })
    expect((await store.lifetimes.grant({ ttlMs: 1000 })).id).toBe('lifetime-1')
  })

  test('what is refused leaves the lifetime as it was', async () => {
    const store = await storeWithA()
    await store.lifetimes.grant({ id: 'L', ttlMs: 1000 })
    await store.modify(Widget, at, () => {}, { lifetime: 'L' })
    for (const options of [{ lifetime: 'M' }, { ttlMs: -1 }, { lifetime: 5 as never }])
      await expect(store.modify(Widget, at, () => {}, options)).rejects.toThrow()
    expect(store.lifetimes.get('L')?.objects).toBe(1)
  })
})

describe('preconditions that make no sense', () => {
  refusalsOf([
    [
      'a resourceVersion of another object',
      s => s.update(Widget, { metadata: { ...at, resourceVersion: 'x' }, spec: {} }),
      'Conflict',
      /default\/a has resourceVersion 1, the write expected x.*read the object again/,
    ],
    [
      'no resourceVersion',
      s => s.update(Widget, { metadata: at, spec: {} }),
      'Invalid',
      /metadata\.resourceVersion.*use modify, or \{ unconditional: true \}/,
    ],
    [
      'a resourceVersion on create',
      s => s.create(Widget, { metadata: { ...at, name: 'b', resourceVersion: '1' }, spec: {} }),
      'Invalid',
      /metadata\.resourceVersion: must be empty on create.*use update/,
    ],
    [
      'the uid of another object',
      s => s.delete(Widget, at, { preconditions: { uid: 'other' } }),
      'Conflict',
      /uid.*other/,
    ],
  ])
})

describe('an object that is too large', () => {
  const bulk = 'x'.repeat(10 * 1024 * 1024)
  const writes: readonly (readonly [string, Call])[] = [
    ['create', s => s.create(Gadget, { metadata: { name: 'b' }, spec: { node: bulk } })],
    ['update', s => s.update(Widget, { ...s.get(Widget, at)!, spec: { node: bulk } })],
    ['updateStatus', s => s.updateStatus(Widget, { ...s.get(Widget, at)!, status: { bulk } as object })],
    ['annotations', s => s.modify(Widget, at, draft => void (draft.metadata.annotations['x'] = bulk))],
    ['transact', s => s.transact(tx => tx.modify(Widget, at, draft => void (draft.spec.node = bulk)))],
    ['a dry run', s => s.create(Gadget, { metadata: { name: 'b' }, spec: { node: bulk } }, { dryRun: true })],
  ]
  test.each(writes)('%s', async (_what, call) => {
    const store = await storeWithA({ objectBytesMax: 1_000_000 })
    const message = /more than 1000000 bytes.*raise objectBytesMax/
    await refuses(store, call, { code: 'TooLarge', message })
  })

  test('is allowed where no limit is set', async () => {
    const store = await storeWithA()
    expect((await store.modify(Widget, at, draft => void (draft.spec.node = bulk))).spec.node).toBe(bulk)
  })

  test.each([0, -1, 1.5, Number.NaN])('a limit of %s is none', objectBytesMax => {
    expect(() => createStore({ kinds: [], objectBytesMax })).toThrow(
      expect.objectContaining({
        code: 'Usage',
        message: expect.stringMatching(/objectBytesMax.*at least 1/) as unknown,
      }),
    )
  })

  test('the size is that of its JSON in UTF-8, and counting ends early', () => {
    const text = fc.string({ unit: 'binary' })
    const extreme = fc.constantFrom('\ud800', '\udc00x', '\ud83d\ude00', '\b\u000b"\\', '\u2028')
    const json = fc.jsonValue({ stringUnit: 'binary' })
    fc.assert(
      fc.property(fc.record({ json, text, extreme }), fc.nat(50), (value, max) => {
        const bytes = new TextEncoder().encode(JSON.stringify(value)).length
        expect(jsonBytes(value)).toBe(bytes)
        expect(jsonBytes(value, max) > max).toBe(bytes > max)
      }),
    )
  })
})

describe('a transaction that is misused', () => {
  refusalsOf([
    [
      'a body that is asynchronous',
      s => s.transact(async () => {}),
      'Usage',
      /transaction.*synchronous|promise/,
    ],
    [
      'its tx after the end',
      async s => {
        let kept: Transaction | undefined
        await s.transact(tx => void (kept = tx))
        return kept?.create(Widget, { metadata: { ...at, name: 'b' }, spec: {} })
      },
      'Usage',
      /has ended.*inside the body/,
    ],
    [
      'a transaction inside another',
      s => {
        let inner: Promise<unknown> = Promise.resolve()
        return s.transact(() => void (inner = s.delete(Widget, at))).then(() => inner)
      },
      'Usage',
      /inside another one.*through its tx/,
    ],
  ])
})
