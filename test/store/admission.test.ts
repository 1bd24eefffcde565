import { describe, expect, test } from 'vitest'
import type {
  AdmissionHook,
  AdmissionRequest,
  Kind,
  KindOptions,
  StandardSchema,
  Store,
  StoreAdmissionHook,
} from '../../src/store/index.js'

import { schemaOf } from '../../src/store/kind/compiled-schema.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface Spec {
  readonly size?: number
  readonly tier?: string
}
type Hook = AdmissionHook<Spec, Spec>

const at = { namespace: 'default', name: 'a' }

interface Made {
  readonly Thing: Kind<Spec, Spec>
  readonly store: Store
  readonly env: VirtualEnv
}

function make(
  options: Partial<KindOptions<Spec, Spec>>,
  admission: readonly StoreAdmissionHook[] = [],
): Made {
  const Thing = kindOf<Spec, Spec>('Thing', options)
  return { Thing, ...createWorld({ kinds: [Thing], admission }) }
}

function label(name: string, phase: Hook['phase'], more: Partial<Hook> = {}): Hook {
  return {
    name,
    phase,
    handle: ({ object }) => {
      const labels = { ...object.metadata.labels, [name]: 'yes' }
      return phase === 'validate'
        ? undefined
        : { object: { ...object, metadata: { ...object.metadata, labels } } }
    },
    ...more,
  }
}

/** Waits until it is let go on; tells what it was asked. */
function slow(answer: (request: AdmissionRequest<Spec, Spec>) => ReturnType<Hook['handle']>): {
  readonly hook: Hook
  readonly asked: AdmissionRequest<Spec, Spec>[]
  readonly release: () => void
} {
  const asked: AdmissionRequest<Spec, Spec>[] = []
  const waiting: (() => void)[] = []
  const hook: Hook = {
    name: 'slow',
    phase: 'validate',
    handle: async request => {
      asked.push(request)
      await new Promise<void>(resolve => waiting.push(resolve))
      return answer(request)
    },
  }
  return { hook, asked, release: () => waiting.splice(0).forEach(resolve => resolve()) }
}

describe('the order of admission', () => {
  test('default, mutate, schema, validate; of each the kind first, then the store', async () => {
    const heard: string[] = []
    const hear = (name: string, phase: Hook['phase']): Hook => ({
      name,
      phase,
      handle: ({ object }) => {
        heard.push(`${name} ${String(object.spec.size)}`)
        if (phase === 'validate') return undefined
        return { object: { ...object, spec: { ...object.spec, tier: name } } }
      },
    })
    const { store, Thing } = make(
      {
        schema: {
          properties: {
            spec: { properties: { size: { type: 'integer', default: 7 }, tier: { const: 'm2' } } },
          },
        },
        admission: [hear('v1', 'validate'), hear('m1', 'mutate'), hear('d1', 'default')],
      },
      [hear('v2', 'validate'), hear('m2', 'mutate'), hear('d2', 'default')],
    )
    const made = await store.create(Thing, { metadata: at, spec: {} })
    expect(made.spec).toEqual({ size: 7, tier: 'm2' })
    const nothing = ['d1', 'd2', 'm1', 'm2'].map(name => `${name} undefined`)
    expect(heard).toEqual([...nothing, 'v1 7', 'v2 7'])
  })

  test('the first refusal ends it, with all problems of that hook and nobody else heard', async () => {
    const heard: string[] = []
    const refuse: Hook = {
      name: 'quota',
      phase: 'validate',
      handle: () => ({
        problems: [
          { field: 'spec.size', value: 1, message: 'is too big' },
          { field: 'spec.tier', value: 2, message: 'is unknown' },
        ],
      }),
    }
    const after: Hook = { name: 'after', phase: 'validate', handle: () => void heard.push('after') }
    const { store, Thing } = make({ admission: [refuse, after] })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Invalid',
      message: expect.stringMatching(/Thing default\/a.*"quota".*spec\.size.*spec\.tier/),
      problems: [
        { field: 'spec.size', hook: 'quota' },
        { field: 'spec.tier', hook: 'quota' },
      ],
    })
    expect(heard).toEqual([])
    expect(store.revision).toBe(0)
    expect(store.list(Thing).items).toEqual([])
  })

  test('validators see the old object, the new one, and nothing that they could change', async () => {
    const seen: AdmissionRequest<Spec, Spec>[] = []
    const look: Hook = { name: 'look', phase: 'validate', handle: request => void seen.push(request) }
    const { store, Thing } = make({ admission: [look] })
    const made = await store.create(Thing, { metadata: { ...at, labels: { a: 'b' } }, spec: { size: 1 } })
    const next = await store.modify(Thing, at, draft => void (draft.spec.size = 2))
    expect(seen.map(({ operation }) => operation)).toEqual(['create', 'update'])
    expect(seen[0]?.object).toEqual({
      apiVersion: 'example/v1',
      kind: 'Thing',
      metadata: { ...at, labels: { a: 'b' }, annotations: {}, ownerReferences: [], finalizers: [] },
      spec: { size: 1 },
    })
    expect(seen[0]?.previous).toBeUndefined()
    expect(seen[1]?.previous).toBe(made)
    expect(seen[1]?.object.spec).toEqual(next.spec)
    expect(seen[1]?.object.metadata.uid).toBe(made.metadata.uid)
    for (const { object } of seen)
      for (const part of [object, object.metadata, object.metadata.labels, object.spec])
        expect(Object.isFrozen(part)).toBe(true)
  })
})

describe('what hooks are asked about', () => {
  test('create and update, unless they say otherwise', async () => {
    const heard: string[] = []
    const hear = (name: string, more: Partial<Hook> = {}): Hook => ({
      name,
      phase: 'validate',
      handle: ({ operation }) => void heard.push(`${name} ${operation}`),
      ...more,
    })
    const { store, Thing } = make({
      admission: [hear('usual'), hear('rare', { operations: ['updateStatus', 'delete'] })],
    })
    await store.create(Thing, { metadata: at, spec: {} })
    await store.modifyStatus(Thing, at, draft => void (draft.status = { size: 1 }))
    await store.modify(Thing, at, draft => void (draft.spec.size = 2))
    await store.delete(Thing, at)
    expect(heard).toEqual(['usual create', 'rare updateStatus', 'usual update', 'rare delete'])
  })

  test('a deletion that is forbidden does not happen, also inside a transaction', async () => {
    const keep: Hook = {
      name: 'keep',
      phase: 'validate',
      operations: ['delete'],
      handle: ({ object }) => (object.spec.tier === 'base' ? { forbidden: 'others stand on it' } : undefined),
    }
    const { store, Thing } = make({ admission: [keep] })
    const made = await store.create(Thing, { metadata: at, spec: { tier: 'base' } })
    const forbidden = { code: 'Forbidden', details: { hook: 'keep', reason: 'others stand on it' } }
    await expect(store.delete(Thing, at)).rejects.toMatchObject(forbidden)
    await expect(store.transact(tx => tx.delete(Thing, at))).rejects.toMatchObject(forbidden)
    expect(store.get(Thing, at)).toBe(made)
  })

  test('a status hook cannot touch the spec, a spec hook not the status', async () => {
    const both = (name: string, operations: Hook['operations']): Hook => ({
      name,
      phase: 'mutate',
      ...(operations === undefined ? {} : { operations }),
      handle: ({ object }) => ({ object: { ...object, spec: { tier: name }, status: { tier: name } } }),
    })
    const { store, Thing } = make({ admission: [both('main', undefined), both('sub', ['updateStatus'])] })
    const made = await store.create(Thing, { metadata: at, spec: {} })
    expect([made.spec, made.status]).toEqual([{ tier: 'main' }, undefined])
    const next = await store.modifyStatus(Thing, at, draft => void (draft.status = { size: 1 }))
    expect([next.spec, next.status]).toEqual([{ tier: 'main' }, { tier: 'sub' }])
    expect(next.metadata.generation).toBe(1)
  })

  test('hooks of a store are for the kinds that they name', async () => {
    const Other = kindOf<Spec, Spec>('Other')
    const Thing = kindOf<Spec, Spec>('Thing')
    const hook = { ...(label('seen', 'mutate') as AdmissionHook), kinds: [Thing] }
    const { store } = createWorld({ kinds: [Thing, Other], admission: [hook] })
    expect((await store.create(Thing, { metadata: at, spec: {} })).metadata.labels).toEqual({ seen: 'yes' })
    expect((await store.create(Other, { metadata: at, spec: {} })).metadata.labels).toEqual({})
  })

  test('a generated name is chosen afterwards', async () => {
    const { store, Thing } = make({
      admission: [
        {
          name: 'look',
          phase: 'validate',
          handle: ({ object: { metadata } }) =>
            metadata.name === undefined && metadata.generateName === 'x-'
              ? undefined
              : { forbidden: 'named' },
        },
      ],
    })
    const made = await store.create(Thing, {
      metadata: { namespace: 'default', generateName: 'x-' },
      spec: {},
    })
    expect(made.metadata.name).toMatch(/^x-.{5}$/)
  })
})

describe('what hooks may answer', () => {
  test('an unchanged object keeps an update without effect without effect', async () => {
    const { store, Thing } = make({ admission: [label('seen', 'mutate')] })
    const made = await store.create(Thing, { metadata: at, spec: { size: 1 } })
    expect(await store.update(Thing, { ...made, spec: { size: 1 } })).toBe(made)
    expect(store.revision).toBe(1)
  })

  test.each<[string, (request: AdmissionRequest<Spec, Spec>) => unknown, string]>([
    [
      'another name',
      ({ object }) => ({ object: { ...object, metadata: { ...at, name: 'b' } } }),
      'metadata.name',
    ],
    [
      'a bad label',
      ({ object }) => ({ object: { ...object, metadata: { ...at, labels: { 'a b': 'x' } } } }),
      'metadata.labels["a b"]',
    ],
    ['no JSON', ({ object }) => ({ object: { ...object, spec: { at: new Date(0) } } }), 'spec.at'],
    ['no metadata', () => ({ object: {} }), 'metadata'],
  ])('an object with %s is refused', async (_name, handle, field) => {
    const hook = { name: 'odd', phase: 'mutate', handle: handle as Hook['handle'] } as const
    const { store, Thing } = make({ admission: [hook] })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Invalid',
      problems: [{ field }],
    })
    expect(store.revision).toBe(0)
  })

  test.each<[string, Hook['phase'], unknown]>([
    ['a number', 'mutate', 1],
    ['an object from a validator', 'validate', { object: { metadata: at, spec: {} } }],
    ['true', 'validate', true],
  ])('%s is a mistake of the hook', async (_name, phase, reply) => {
    const { store, Thing } = make({ admission: [{ name: 'odd', phase, handle: () => reply as undefined }] })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Usage',
      details: { hook: 'odd' },
    })
  })

  test('what a hook throws is the error of the write, and the store goes on', async () => {
    let isBroken = true
    const hook: Hook = {
      name: 'odd',
      phase: 'mutate',
      handle: () => {
        if (isBroken) throw new TypeError('odd')
      },
    }
    const { store, Thing } = make({ admission: [hook] })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toThrow(TypeError)
    isBroken = false
    expect((await store.create(Thing, { metadata: at, spec: {} })).metadata.resourceVersion).toBe('1')
  })

  test('a hook that writes is told so', async () => {
    const nested: Promise<unknown>[] = []
    const hook: Hook = {
      name: 'writer',
      phase: 'mutate',
      handle: () => void nested.push(store.delete(Thing, at).catch((error: unknown) => error)),
    }
    const { store, Thing } = make({ admission: [hook] })
    await store.create(Thing, { metadata: at, spec: {} })
    expect(await nested[0]).toMatchObject({ code: 'Usage' })
    expect(store.get(Thing, at)).toBeDefined()
  })

  test.each<[string, Partial<Hook>[]]>([
    ['no name', [{ name: '' }]],
    ['the name of another', [{}, {}]],
    ['an unknown phase', [{ phase: 'after' as 'mutate' }]],
    ['an unknown operation', [{ operations: ['patch' as 'update'] }]],
    ['deletions to change', [{ operations: ['delete'] }]],
  ])('a hook with %s is refused when the store is made', (_name, hooks) => {
    const admission = hooks.map(more => label('one', 'mutate', more))
    expect(() => make({ admission })).toThrow(expect.objectContaining({ code: 'Usage' }))
  })

  test('a hook for a kind that is not there is refused', () => {
    const Other = kindOf<Spec, Spec>('Other')
    const hook = { name: 'lost', phase: 'validate', handle: () => undefined, kinds: [Other] } as const
    expect(() => make({}, [hook])).toThrow(expect.objectContaining({ code: 'Usage' }))
  })
})

describe('hooks that take their time', () => {
  test('the write waits, other writes do not', async () => {
    const { hook, asked, release } = slow(() => undefined)
    const { store, Thing } = make({ admission: [hook] })
    const Free = store.create(Thing, { metadata: at, spec: {} })
    expect(store.revision).toBe(0)
    expect(asked).toHaveLength(1)
    release()
    expect((await Free).metadata.resourceVersion).toBe('1')
    expect(asked).toHaveLength(1)
  })

  test('preconditions are looked at again', async () => {
    const { hook, release } = slow(() => undefined)
    const onlyOne: Hook = {
      ...hook,
      handle: request => (request.object.spec.size === 1 ? hook.handle(request) : undefined),
    }
    const { store, Thing } = make({ admission: [onlyOne] })
    const made = await store.create(Thing, { metadata: at, spec: {} })
    const late = store.update(Thing, { ...made, spec: { size: 1 } })
    await store.update(Thing, { ...made, spec: { size: 2 } })
    const conflict = expect(late).rejects.toMatchObject({ code: 'Conflict' })
    release()
    await conflict
    expect(store.get(Thing, at)?.spec).toEqual({ size: 2 })
  })

  test('a status written meanwhile is no conflict, but the hook is asked about the object as it is', async () => {
    const { hook, asked, release } = slow(() => undefined)
    const { store, Thing } = make({ admission: [{ ...hook, operations: ['update'] }] })
    const made = await store.create(Thing, { metadata: at, spec: {} })
    const late = store.update(Thing, { ...made, spec: { size: 1 } })
    await store.modifyStatus(Thing, at, draft => void (draft.status = { size: 5 }))
    release()
    while (asked.length < 2) await Promise.resolve()
    release()
    expect(await late).toMatchObject({ spec: { size: 1 }, status: { size: 5 } })
    expect(asked.map(({ object }) => object.status)).toEqual([undefined, { size: 5 }])
  })

  test('an answer about another object than the one to be stored does not count', async () => {
    const { hook, asked, release } = slow(({ object }) =>
      object.spec.tier === 'bad' ? { forbidden: 'bad' } : undefined,
    )
    const { store, Thing } = make({ admission: [{ ...hook, operations: ['update'] }] })
    await store.create(Thing, { metadata: at, spec: {} })
    const one = store.modify(Thing, at, draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
    const two = store.modify(Thing, at, draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
    expect(asked).toHaveLength(2)
    release()
    await one
    // The second was asked about size 1 as the first one was, and is now about size 2.
    while (asked.length < 3) await Promise.resolve()
    release()
    await two
    expect(asked.map(({ object }) => object.spec.size)).toEqual([1, 1, 2])
    expect(store.get(Thing, at)?.spec.size).toBe(2)
    const refused = expect(
      store.modify(Thing, at, draft => void (draft.spec.tier = 'bad')),
    ).rejects.toMatchObject({ code: 'Forbidden' })
    release()
    await refused
  })

  test('a change that comes late is stored', async () => {
    const hook: Hook = {
      name: 'late',
      phase: 'mutate',
      handle: async ({ object }) => {
        await Promise.resolve()
        return { object: { ...object, spec: { ...object.spec, tier: 'late' } } }
      },
    }
    const { store, Thing } = make({ admission: [hook, label('later', 'mutate')] })
    const made = await store.create(Thing, {
      metadata: { namespace: 'default', generateName: 'x-' },
      spec: {},
    })
    expect(made.spec).toEqual({ tier: 'late' })
    expect(made.metadata.labels).toEqual({ later: 'yes' })
    expect(store.revision).toBe(1)
  })

  test('a client writes in steps of its env, before and after', async () => {
    const { hook, asked, release } = slow(() => undefined)
    const { store, Thing, env } = make({ admission: [hook] })
    const fork = env.fork('a')
    const write = store.client(fork).create(Thing, { metadata: at, spec: {} })
    expect(asked).toHaveLength(0)
    await env.settle()
    expect(asked).toHaveLength(1)
    release()
    await env.settle()
    expect((await write).metadata.name).toBe('a')
  })

  test('a client that is closed while it waits writes nothing', async () => {
    const { hook, release } = slow(() => undefined)
    const { store, Thing, env } = make({ admission: [hook] })
    const fork = env.fork('a')
    void store.client(fork).create(Thing, { metadata: at, spec: {} })
    await env.settle()
    fork.close()
    release()
    await env.settle()
    expect(store.revision).toBe(0)
  })

  test('a store that is closed meanwhile refuses the write', async () => {
    const { hook, release } = slow(() => undefined)
    const { store, Thing } = make({ admission: [hook] })
    const write = expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Closed',
    })
    await store.close()
    release()
    await write
  })

  test('a deletion with dependents waits for what is said of each', async () => {
    const asked: string[] = []
    const hook: Hook = {
      name: 'slow',
      phase: 'validate',
      operations: ['delete'],
      handle: async ({ object }) => {
        asked.push(object.metadata.name ?? '')
        await Promise.resolve()
        return undefined
      },
    }
    const { store, Thing } = make({ admission: [hook] })
    const { apiVersion, kind, metadata } = await store.create(Thing, { metadata: at, spec: {} })
    const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid }
    for (const name of ['b', 'c', 'd'])
      await store.create(Thing, { metadata: { ...at, name, ownerReferences: [owner] }, spec: {} })
    await store.delete(Thing, at, { cascade: 'atomic' })
    expect(asked).toEqual(['a', 'b', 'c', 'd'])
    expect(store.list(Thing).items).toEqual([])
    expect(store.revision).toBe(5)
  })

  test('a dry run waits too', async () => {
    const { hook, release } = slow(() => ({ forbidden: 'no' }))
    const { store, Thing } = make({ admission: [hook] })
    const write = expect(
      store.create(Thing, { metadata: at, spec: {} }, { dryRun: true }),
    ).rejects.toMatchObject({ code: 'Forbidden' })
    release()
    await write
  })

  test('an optimistic transaction runs again with each answer, also when its body hides that it waits', async () => {
    const asked: string[] = []
    const ask: Hook = {
      name: 'ask',
      phase: 'mutate',
      handle: async ({ object }) => {
        asked.push(object.metadata.name ?? '')
        await Promise.resolve()
        return { object: { ...object, metadata: { ...object.metadata, labels: { asked: 'yes' } } } }
      },
    }
    const { store, Thing, env } = make({ admission: [ask] })
    let runs = 0
    const done = store.optimistic(async tx => {
      runs++
      for (const name of ['a', 'b', 'c'])
        try {
          tx.create(Thing, { metadata: { ...at, name }, spec: { size: 1 } })
        } catch {
          // A body may think that it has lost.
        }
      await Promise.resolve()
      return tx.list(Thing).items.length
    })
    await env.advance(100)
    expect([await done, asked, runs]).toEqual([3, ['a', 'b', 'c'], 2])
    expect(store.revision).toBe(1)
    expect(store.list(Thing).items.map(({ metadata }) => metadata.labels['asked'])).toEqual([
      'yes',
      'yes',
      'yes',
    ])
  })

  test('an optimistic transaction is asked about again when the object has changed, and refused by an answer', async () => {
    const { hook, asked, release } = slow(({ object }) =>
      object.spec.size === 9 ? { forbidden: 'nine' } : undefined,
    )
    const { store, Thing, env } = make({ admission: [{ ...hook, operations: ['update'] }] })
    await store.create(Thing, { metadata: at, spec: { size: 7 } })
    const grow = store.optimistic(tx =>
      tx.modify(Thing, at, draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1)),
    )
    const refused = expect(grow).rejects.toMatchObject({ code: 'Forbidden' })
    await env.settle()
    await store.delete(Thing, at)
    await store.create(Thing, { metadata: at, spec: { size: 8 } })
    release()
    await env.advance(10)
    release()
    await env.advance(10)
    await refused
    expect(asked.map(({ object }) => object.spec.size)).toEqual([8, 9])
    expect(store.get(Thing, at)?.spec.size).toBe(8)
  })

  test('an optimistic transaction of an env that ends meanwhile does not run again', async () => {
    const { hook, release } = slow(() => undefined)
    const { store, Thing, env } = make({ admission: [hook] })
    const fork = env.fork('a')
    let runs = 0
    void store.client(fork).optimistic(tx => {
      runs++
      return tx.create(Thing, { metadata: at, spec: {} })
    })
    await env.settle()
    fork.close()
    release()
    await env.advance(100)
    expect([runs, store.revision]).toEqual([1, 0])
  })

  test('a transaction cannot wait for them', async () => {
    const failing: Hook = { name: 'slow', phase: 'validate', handle: () => Promise.reject(new Error('late')) }
    const { store, Thing } = make({ admission: [failing] })
    await expect(
      store.transact(tx => void tx.create(Thing, { metadata: at, spec: {} })),
    ).rejects.toMatchObject({
      code: 'Usage',
      details: { hook: 'slow', kind: 'Thing' },
    })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toThrow('late')
    expect(store.revision).toBe(0)
  })

  test('one that never sees the same object twice ends in an error', async () => {
    let count = 0
    const restless: Hook = {
      name: 'restless',
      phase: 'mutate',
      handle: ({ object }) => ({ object: { ...object, spec: { size: count++ } } }),
    }
    const wait: Hook = { name: 'wait', phase: 'validate', handle: () => Promise.resolve(undefined) }
    const { store, Thing } = make({ admission: [restless, wait] })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Usage',
      details: { hook: 'wait' },
    })
  })
})

describe('a JSON Schema', () => {
  test('is compiled once for a kind, however many stores there are, and not before the first write', async () => {
    const Broken = kindOf<Spec, Spec>('Broken', { schema: { properties: 5 } })
    const { store } = createWorld({ kinds: [Broken] })
    const write = store.create(Broken, { metadata: at, spec: {} })
    await expect(write).rejects.toMatchObject({
      code: 'Usage',
      message: expect.stringContaining('schema of kind Broken cannot be compiled') as unknown,
    })
    const Thing = kindOf<Spec, Spec>('Thing', { schema: { properties: {} } })
    expect(schemaOf(Thing)).toBe(schemaOf(Thing))
  })

  test('is as it was when the kind was declared', async () => {
    const size: { type: string } = { type: 'integer' }
    const Thing = kindOf<Spec, Spec>('Thing', { schema: { properties: { spec: { properties: { size } } } } })
    size.type = 'string'
    const { store } = createWorld({ kinds: [Thing] })
    expect((await store.create(Thing, { metadata: at, spec: { size: 1 } })).spec).toEqual({ size: 1 })
  })
})

describe('a Standard Schema', () => {
  const standard = (
    validate: StandardSchema<{ spec: Spec; status?: Spec }>['~standard']['validate'],
  ): StandardSchema<{ spec: Spec; status?: Spec }> => ({
    '~standard': { version: 1, vendor: 'test', validate },
  })
  const sizes = standard(value => {
    const { spec } = value as { spec: Spec }
    const { size = 3 } = spec
    return size >= 0
      ? { value: { spec: { ...spec, size } } }
      : { issues: [{ message: 'must be ≥ 0', path: ['spec', { key: 'size' }] }] }
  })

  test('gives types, defaults and errors with paths', async () => {
    const Thing = kindOf('Thing', { schema: sizes })
    const { store } = createWorld({ kinds: [Thing] })
    const made = await store.create(Thing, { metadata: at, spec: {} })
    const size: number | undefined = made.spec.size
    expect(size).toBe(3)
    expect(Object.isFrozen(made.spec)).toBe(true)
    await expect(store.modify(Thing, at, draft => void (draft.spec.size = -1))).rejects.toMatchObject({
      code: 'Invalid',
      problems: [{ field: 'spec.size', value: -1, message: 'must be ≥ 0' }],
    })
    const next = await store.modifyStatus(Thing, at, draft => void (draft.status = { size: 1 }))
    expect(next).toMatchObject({ spec: { size: 3 }, status: { size: 1 } })
  })

  test('may be a function, as some libraries make them, and may take its time', async () => {
    const late = Object.assign(
      () => true,
      standard(async value => {
        await Promise.resolve()
        return { value: value as { spec: Spec } }
      }),
    )
    const { store, Thing } = make({ schema: late })
    expect((await store.create(Thing, { metadata: at, spec: { size: 1 } })).spec.size).toBe(1)
    await expect(store.transact(tx => void tx.delete(Thing, at))).resolves.toBeUndefined()
    const write = store.transact(tx => void tx.create(Thing, { metadata: at, spec: {} }))
    await expect(write).rejects.toMatchObject({ code: 'Usage' })
  })

  test('what it makes of the object must be JSON', async () => {
    const { store, Thing } = make({
      schema: standard(() => ({ value: { spec: { at: new Date(0) } as Spec } })),
    })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      code: 'Invalid',
      problems: [{ field: 'spec.at' }],
    })
  })
})
