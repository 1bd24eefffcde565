import { describe, expect, test } from 'vitest'
import { createStore, defineKind, type JsonSchema } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

const at = { namespace: 'default', name: 'a' }

function storeWith(schema: JsonSchema) {
  const Thing = defineKind<Record<string, unknown>, Record<string, unknown>>({
    apiVersion: 'v1',
    kind: 'Thing',
    plural: 'things',
    namespaced: true,
    schema,
  })
  return { Thing, store: createStore({ kinds: [Thing], env: createVirtualEnv() }) }
}

const replicas: JsonSchema = {
  properties: {
    spec: {
      type: 'object',
      properties: {
        replicas: { type: 'integer', minimum: 0, default: 1 },
        ports: {
          type: 'array',
          items: { type: 'object', properties: { port: { type: 'integer' }, 'x/y': { type: 'string' } } },
        },
        default: { type: 'string' },
        mode: { enum: ['a', 'b'] },
      },
      additionalProperties: false,
    },
    status: { type: 'object', properties: { ready: { type: 'integer' } } },
  },
}

describe('a schema', () => {
  test('fills in defaults, on create and on update, without touching the input', async () => {
    const { Thing, store } = storeWith(replicas)
    const spec = Object.freeze({})
    const made = await store.create(Thing, { metadata: at, spec })
    expect(made.spec).toEqual({ replicas: 1 })
    expect(Object.isFrozen(made.spec)).toBe(true)
    expect(await store.update(Thing, { ...made, spec: {} })).toBe(made)
    const next = await store.update(Thing, { ...made, spec: { mode: 'a' } })
    expect(next.spec).toEqual({ replicas: 1, mode: 'a' })
  })

  test.each<[unknown, string, RegExp]>([
    [{ replicas: -1 }, 'spec.replicas', />= 0/],
    [{ replicas: 'x' }, 'spec.replicas', /integer/],
    [{ nope: 1 }, 'spec', /"nope"/],
    [{ ports: [{ port: 1 }, { port: 'http' }] }, 'spec.ports[1].port', /integer/],
    [{ ports: [{ 'x/y': 1 }] }, 'spec.ports[0]["x/y"]', /string/],
    [{ mode: 'c' }, 'spec.mode', /\["a","b"\]/],
  ])('refuses %j and names %s', async (spec, field, message) => {
    const { Thing, store } = storeWith(replicas)
    const write = store.create(Thing, { metadata: at, spec: spec as Record<string, unknown> })
    await expect(write).rejects.toMatchObject({
      code: 'Invalid',
      problems: [{ field, message: expect.stringMatching(message) }],
    })
    expect(store.revision).toBe(0)
  })

  test('reports every fault at once, and checks status too', async () => {
    const { Thing, store } = storeWith(replicas)
    await expect(
      store.create(Thing, { metadata: at, spec: { replicas: -1, mode: 'c' } }),
    ).rejects.toMatchObject({
      problems: [{ field: 'spec.replicas' }, { field: 'spec.mode' }],
    })
    await store.create(Thing, { metadata: at, spec: {} })
    await expect(
      store.modifyStatus(Thing, at, draft => void (draft.status = { ready: 'yes' })),
    ).rejects.toMatchObject({
      problems: [{ field: 'status.ready' }],
    })
  })

  test('a required part that is missing is named', async () => {
    const { Thing, store } = storeWith({
      required: ['spec'],
      properties: { spec: { type: 'object', required: ['image'] } },
    })
    const none = { metadata: at } as unknown as Parameters<
      typeof store.create<Record<string, unknown>, unknown>
    >[1]
    await expect(store.create(Thing, none as never)).rejects.toMatchObject({
      problems: [{ field: 'object' }],
    })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({
      problems: [{ field: 'spec' }],
    })
  })

  test('that is wrong itself is the caller’s mistake', async () => {
    const { Thing, store } = storeWith({ properties: { spec: { type: 'objekt' } } })
    await expect(store.create(Thing, { metadata: at, spec: {} })).rejects.toMatchObject({ code: 'Usage' })
  })
})
