import { describe, expect, test } from 'vitest'
import type { JsonSchema } from '../../src/store/index.js'
import { kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

const at = { namespace: 'default', name: 'a' }

function storeWith(schema: JsonSchema) {
  const Thing = kindOf<Record<string, unknown>, Record<string, unknown>>('Thing', { schema })
  return { Thing, store: createWorld({ kinds: [Thing] }).store }
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

describe('an update under a schema', () => {
  const port = { type: 'integer', maximum: 10 }
  const closed: JsonSchema = {
    $defs: { mode: { enum: ['a', 'b'] } },
    properties: {
      spec: {
        type: 'object',
        required: ['mode'],
        additionalProperties: false,
        properties: {
          mode: { $ref: '#/$defs/mode' },
          'odd/na~me%': { type: 'string' },
          ports: { type: 'array', items: port },
          nothing: false,
        },
      },
    },
  }
  const crossing: JsonSchema = {
    properties: {
      spec: {
        properties: { min: { type: 'integer' }, max: { type: 'integer' } },
        if: { properties: { min: { const: 5 } } },
        then: { properties: { max: { minimum: 5 } } },
      },
    },
  }
  const full = { mode: 'a', 'odd/na~me%': 'x', ports: [1, 2] }

  test.each<[string, JsonSchema, Record<string, unknown>, Record<string, unknown>, boolean]>([
    ['a value that is allowed', closed, full, { ...full, mode: 'b' }, true],
    ['a value that its definition forbids', closed, full, { ...full, mode: 'c' }, false],
    ['a field with a name that needs quoting', closed, full, { ...full, 'odd/na~me%': 'y' }, true],
    ['a wrong value under such a name', closed, full, { ...full, 'odd/na~me%': 1 }, false],
    ['something deep', closed, full, { ...full, ports: [1, 3] }, true],
    ['something deep that is wrong', closed, full, { ...full, ports: [1, 11] }, false],
    ['a required field away', closed, full, { ports: [1, 2], 'odd/na~me%': 'x' }, false],
    ['an optional field away', closed, full, { mode: 'a' }, true],
    ['a field for an unknown one', closed, full, { mode: 'a', ports: [1, 2], more: 1 }, false],
    ['an unknown field to it', closed, full, { ...full, more: 1 }, false],
    ['a forbidden field to it', closed, full, { ...full, nothing: 1 }, false],
    ['a field that another one depends on', crossing, { min: 5, max: 6 }, { min: 5, max: 4 }, false],
    ['a field on which another one depends', crossing, { min: 4, max: 4 }, { min: 5, max: 4 }, false],
    ['both of them', crossing, { min: 4, max: 4 }, { min: 5, max: 5 }, true],
  ])('takes or refuses %s as a create does', async (_change, schema, before, after, fine) => {
    const { Thing, store } = storeWith(schema)
    const made = await store.create(Thing, { metadata: at, spec: before })
    const whole = store.create(Thing, { metadata: { ...at, name: 'b' }, spec: after })
    const outcomes = await Promise.allSettled([whole, store.update(Thing, { ...made, spec: after })])
    expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual([fine, fine])
    const [first, second] = outcomes.map(outcome =>
      outcome.status === 'rejected' ? outcome.reason : undefined,
    )
    expect(second?.problems).toEqual(first?.problems)
  })
})

describe('patterns of a schema', () => {
  const named = (pattern: string): JsonSchema => ({
    properties: {
      spec: { properties: { name: { type: 'string', pattern } }, patternProperties: { [pattern]: {} } },
    },
  })

  test('take linear time, whatever the value is', async () => {
    const { Thing, store } = storeWith(named('^(a+)+$'))
    const name = 'a'.repeat(3_000)
    await store.create(Thing, { metadata: at, spec: { name, [name]: 1 } })
    const hostile = store.create(Thing, {
      metadata: { ...at, name: 'b' },
      spec: { name: `${name}!`, [`${name}!`]: 1 },
    })
    await expect(hostile).rejects.toMatchObject({
      problems: [{ field: 'spec.name', message: expect.stringContaining('pattern') }],
    })
  })

  test('are told apart', async () => {
    const schema = {
      properties: { spec: { properties: { a: { pattern: '^(a|A)+$' }, b: { pattern: '^(b|B)+$' } } } },
    }
    const { Thing, store } = storeWith(schema)
    const spec = { a: 'aA', b: 'bB' }
    expect((await store.create(Thing, { metadata: at, spec })).spec).toEqual(spec)
  })

  test.each(['^(?=a)', '(a)\\1', '(?<!a)b'])(
    'such as %s, which could not, are refused with the schema',
    async pattern => {
      const { Thing, store } = storeWith(named(pattern))
      const attempt = store.create(Thing, { metadata: at, spec: {} })
      await expect(attempt).rejects.toMatchObject({
        code: 'Usage',
        message: expect.stringContaining('pattern'),
      })
    },
  )
})
