import { describe, expect, expectTypeOf, test } from 'vitest'
import type { JsonSchema, Kind, ObjectOf, StandardSchema } from '../../src/store/index.js'
import { createStore, defineKind } from '../../src/store/index.js'
import type { SchemaType } from '../../src/store/kind/schema-type.js'
import { createVirtualEnv } from '../../src/testing/index.js'

const names = { apiVersion: 'example/v1', plural: 'apps', namespaced: false } as const
type Of<Schema> = SchemaType<Schema>

describe('a kind with a JSON Schema', () => {
  const App = defineKind({
    ...names,
    kind: 'App',
    schema: {
      $defs: {
        port: {
          type: 'object',
          required: ['port'],
          properties: { port: { type: 'integer' }, name: { type: 'string' } },
        },
      },
      properties: {
        spec: {
          type: 'object',
          required: ['image', 'ports'],
          properties: {
            image: { type: 'string' },
            ports: { type: 'array', items: { $ref: '#/$defs/port' } },
            mode: { enum: ['fast', 'safe'] },
            env: { type: 'object', additionalProperties: { type: 'string' } },
          },
        },
        status: { type: 'object', properties: { ready: { type: ['integer', 'null'] } } },
      },
    },
    indexes: { image: ({ spec }) => spec.image },
  })

  test('has the types of its schema, in reads, writes and indexes', async () => {
    const store = createStore({ kinds: [App], env: createVirtualEnv() })
    const spec = { image: 'web:1', ports: [{ port: 80 }], mode: 'fast' } as const
    const made = await store.create(App, { metadata: { name: 'a' }, spec })
    expectTypeOf(made.spec.image).toEqualTypeOf<string>()
    expectTypeOf(made.spec.ports[0]?.port).toEqualTypeOf<number | undefined>()
    expectTypeOf(made.spec.mode).toEqualTypeOf<'fast' | 'safe' | undefined>()
    expectTypeOf(made.spec.env?.['A']).toEqualTypeOf<string | undefined>()
    expectTypeOf(made.status?.ready).toEqualTypeOf<number | null | undefined>()
    const wrong = { metadata: { name: 'b' }, spec: { image: 1, ports: [] } }
    // @ts-expect-error the image is text
    await expect(store.create(App, wrong)).rejects.toMatchObject({ problems: [{ field: 'spec.image' }] })
    await store.modify(App, { name: 'a' }, draft => void (draft.spec.mode = 'safe'))
    expect(store.get(App, { name: 'a' })?.spec.mode).toBe('safe')
  })

  test('may be given its types, as one with another schema has them', () => {
    const typed = defineKind<{ a: number }, { b: string }>({
      ...names,
      kind: 'Typed',
      schema: {} as JsonSchema,
    })
    expectTypeOf(typed).toEqualTypeOf<Kind<{ readonly a: number }, { readonly b: string }>>()
    expectTypeOf(defineKind<{ a: number }>({ ...names, kind: 'Plain' })).toEqualTypeOf<
      Kind<{ readonly a: number }>
    >()
    const schema = { properties: {} } as JsonSchema
    expectTypeOf<ObjectOf<typeof loose>['spec']>().toBeUnknown()
    const loose = defineKind({ ...names, kind: 'Loose', schema })
    const standard = undefined as unknown as StandardSchema<{ spec: { c: string }; status?: unknown }>
    const declare = () => defineKind({ ...names, kind: 'Standard', schema: standard })
    expectTypeOf<ObjectOf<ReturnType<typeof declare>>['spec']>().toEqualTypeOf<{
      readonly c: string
    }>()
    expect(typed.kind).toBe('Typed')
  })
})

test('what a schema says is a type, as far as types can say it', () => {
  expectTypeOf<Of<{ type: 'string' }>>().toEqualTypeOf<string>()
  expectTypeOf<Of<{ const: 'a' }>>().toEqualTypeOf<'a'>()
  expectTypeOf<Of<{ enum: readonly ['a', 1, null] }>>().toEqualTypeOf<'a' | 1 | null>()
  expectTypeOf<
    Of<{ anyOf: readonly [{ type: 'integer' }, { type: 'string'; pattern: '%$' }] }>
  >().toEqualTypeOf<number | string>()
  expectTypeOf<Of<{ type: readonly ['boolean', 'null'] }>>().toEqualTypeOf<boolean | null>()
  expectTypeOf<Of<{ type: 'array' }>>().toEqualTypeOf<readonly unknown[]>()
  expectTypeOf<Of<{ type: 'object' }>>().toEqualTypeOf<object>()
  expectTypeOf<Of<{ minimum: 1 }>>().toBeUnknown()
  expectTypeOf<Of<false>>().toBeNever()
  type Both = Of<{
    allOf: readonly [{ properties: { a: { type: 'string' } } }, { properties: { b: { type: 'number' } } }]
  }>
  expectTypeOf<Both['a']>().toEqualTypeOf<string | undefined>()
  expectTypeOf<Both['b']>().toEqualTypeOf<number | undefined>()
  type Tree = Of<{
    $ref: '#/$defs/node'
    $defs: {
      node: { type: 'object'; properties: { children: { type: 'array'; items: { $ref: '#/$defs/node' } } } }
    }
  }>
  type Children = NonNullable<Tree['children']>
  expectTypeOf<Children>().toEqualTypeOf<readonly Tree[]>()
  expect.assertions(0)
})
