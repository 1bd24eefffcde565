import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UsageError } from '../../src/core/index.js'
import type { KindOptions, Store, Transaction } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref as at, kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

interface HostSpec {
  readonly ips: readonly string[]
  readonly zone?: string
  readonly disk?: { readonly size: number; readonly type?: string }
}

const options: Partial<KindOptions<HostSpec, unknown>> = {
  indexes: { ip: host => host.spec.ips, zone: host => host.spec.zone },
  uniqueIndexes: ['ip'],
  immutable: ['spec.zone', 'spec.disk.type'],
}
const Host = kindOf('Host', options)
const newStore = (): Store => createWorld({ kinds: [Host] }).store

describe('a unique index', () => {
  test('has at most one object under a value, in all namespaces; the error names the holder', async () => {
    const store = newStore()
    await store.create(Host, { metadata: at('a'), spec: { ips: ['1', '2'], zone: 'z' } })
    await store.create(Host, { metadata: at('b'), spec: { ips: ['3'], zone: 'z' } })
    const violation = {
      code: 'UniqueViolation',
      details: {
        kind: 'Host',
        index: 'ip',
        value: '2',
        holder: { kind: 'Host', namespace: 'default', name: 'a' },
      },
    }
    const { revision } = store
    const other = { metadata: at('c', 'other'), spec: { ips: ['4', '2'] } }
    await expect(store.create(Host, other)).rejects.toMatchObject(violation)
    await expect(store.create(Host, other, { dryRun: true })).rejects.toMatchObject(violation)
    await expect(store.modify(Host, at('b'), draft => void (draft.spec.ips = ['2']))).rejects.toMatchObject(
      violation,
    )
    const body: (tx: Transaction) => void = tx => void tx.create(Host, other)
    await expect(store.transact(body)).rejects.toMatchObject(violation)
    await expect(store.transact(body, { dryRun: true })).rejects.toMatchObject(violation)
    expect(store.revision).toBe(revision)
    await store.modify(Host, at('a'), draft => void (draft.spec.ips = ['2']))
    await store.modify(Host, at('b'), draft => void (draft.spec.ips = ['1', '3']))
    await store.delete(Host, at('a'))
    await store.create(Host, other)
  })

  test('counts the state after a transaction, so values can be swapped and handed over in any order', async () => {
    const store = newStore()
    await store.create(Host, { metadata: at('a'), spec: { ips: ['1'] } })
    await store.create(Host, { metadata: at('b'), spec: { ips: ['2'] } })
    await store.transact(tx => {
      tx.modify(Host, at('a'), draft => void (draft.spec.ips = ['2']))
      tx.modify(Host, at('b'), draft => void (draft.spec.ips = ['1']))
    })
    await store.transact(tx => {
      tx.create(Host, { metadata: at('c'), spec: { ips: ['1'] } })
      tx.delete(Host, at('b'))
    })
    expect(store.list(Host, { index: { name: 'ip', value: '1' } }).items).toMatchObject([
      { metadata: { name: 'c' } },
    ])
    const twice = store.transact(tx => {
      tx.create(Host, { metadata: at('d'), spec: { ips: ['9'] } })
      tx.create(Host, { metadata: at('e'), spec: { ips: ['9'] } })
    })
    await expect(twice).rejects.toMatchObject({
      code: 'UniqueViolation',
      details: { name: 'e', holder: { name: 'd' } },
    })
  })

  test('any transactions end with one holder per value, as in a plain table', async () => {
    const write = fc.record({
      name: fc.constantFrom('a', 'b', 'c', 'd'),
      ips: fc.option(fc.uniqueArray(fc.constantFrom('1', '2', '3'), { maxLength: 2 })),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(write, { maxLength: 4 }), { maxLength: 12 }), async transactions => {
        const store = newStore()
        let table = new Map<string, readonly string[]>()
        for (const writes of transactions) {
          const next = new Map(table)
          for (const { name, ips } of writes) {
            if (ips === null) next.delete(name)
            else next.set(name, ips)
          }
          const all = [...next.values()].flat()
          const fits = new Set(all).size === all.length
          const outcome = await store
            .transact(tx => {
              for (const { name, ips } of writes) {
                const known = tx.get(Host, at(name)) !== undefined
                if (ips !== null && known) tx.modify(Host, at(name), draft => void (draft.spec.ips = ips))
                else if (ips !== null) tx.create(Host, { metadata: at(name), spec: { ips } })
                else if (known) tx.delete(Host, at(name))
              }
            })
            .then(
              () => 'done',
              (error: { code: string }) => error.code,
            )
          expect(outcome).toBe(fits ? 'done' : 'UniqueViolation')
          if (fits) table = next
          const stored = store.list(Host).items.map(({ metadata, spec }) => [metadata.name, spec.ips])
          expect(stored).toEqual([...table].sort(([a], [b]) => (a < b ? -1 : 1)))
        }
      }),
    )
  })
})

describe('an immutable field', () => {
  test('keeps what it was created with, also its absence', async () => {
    const store = newStore()
    await store.create(Host, { metadata: at('a'), spec: { ips: [], zone: 'z', disk: { size: 1 } } })
    const change = (spec: Partial<HostSpec>): Promise<unknown> =>
      store.modify(Host, at('a'), draft => void Object.assign(draft.spec, spec))
    await change({ ips: ['1'], disk: { size: 2 } })
    const refusals: readonly [Partial<HostSpec>, string, unknown][] = [
      [{ zone: 'y' }, 'spec.zone', 'y'],
      [{ disk: { size: 2, type: 'ssd' } }, 'spec.disk.type', 'ssd'],
    ]
    for (const [spec, field, value] of refusals)
      await expect(change(spec)).rejects.toMatchObject({ code: 'Invalid', problems: [{ field, value }] })
    const { metadata, spec } = store.get(Host, at('a')) ?? {}
    const dropped = { metadata: { ...at('a'), ...metadata }, spec: { ips: spec?.ips ?? [] } }
    await expect(store.update(Host, dropped)).rejects.toMatchObject({
      problems: [{ field: 'spec.zone', value: undefined }],
    })
    const patch = { spec: { zone: null } } as const
    await expect(store.patch(Host, at('a'), patch as never, { type: 'merge' })).rejects.toMatchObject({
      code: 'Invalid',
    })
    // Another object of that name starts anew.
    await store.transact(tx => {
      tx.delete(Host, at('a'))
      tx.create(Host, { metadata: at('a'), spec: { ips: [], zone: 'y' } })
    })
  })
})

test('declarations that could never work are refused', () => {
  const declare = (wrong: Partial<KindOptions<HostSpec, unknown>>): (() => unknown) => {
    return () => kindOf('Host', { ...options, ...wrong })
  }
  expect(declare({ uniqueIndexes: ['mac'] })).toThrow(UsageError)
  expect(declare({ immutable: ['metadata.labels'] })).toThrow(UsageError)
  expect(declare({ immutable: ['spec.'] })).toThrow(UsageError)
  expect(declare({ indexes: { ...options.indexes, '': () => 'x' } })).toThrow(UsageError)
})

describe('a generated name', () => {
  test('is free, and the write is refused when after eight tries none was', async () => {
    const env = createVirtualEnv()
    // Always the same suffix, and other names for nobody.
    const stuck = { ...env, random: { next: () => 0.5, fork: () => ({ next: () => 0.5 }) } }
    const store = createStore({ kinds: [Host], env: stuck as never })
    const create = (prefix: string): ReturnType<typeof store.create> =>
      store.create(Host, { metadata: { namespace: 'default', generateName: prefix }, spec: { ips: [] } })
    const first = await create('web-')
    expect(first.metadata.name).toMatch(/^web-[a-z0-9]{5}$/)
    await expect(create('web-')).rejects.toMatchObject({ code: 'AlreadyExists' })
    expect((await create('x'.repeat(80))).metadata.name).toHaveLength(63)
    await expect(create('Web_')).rejects.toMatchObject({ code: 'Invalid' })
  })
})
