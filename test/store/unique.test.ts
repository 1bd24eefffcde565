import { expect, test } from 'vitest'
import { postingTerm, termsOf } from '../../src/store/engine/index-terms.js'
import type { KindTable } from '../../src/store/engine/kind-table.js'
import type { Mutation } from '../../src/store/engine/mutation.js'
import { Postings } from '../../src/store/engine/postings.js'
import { assertUnique } from '../../src/store/engine/unique.js'
import type { Entry } from '../../src/store/engine/version.js'
import type { StoredObject } from '../../src/store/index.js'

import { kindOf } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

/** A value whose every read counts. */
function counting<T extends object>(value: T, count: () => void): T {
  return new Proxy(value, {
    get: (target, key) => {
      count()
      return Reflect.get(target, key) as unknown
    },
  })
}

/** How much of a transaction is read when each of `size` objects takes the value of the one before it. */
function readsOf(size: number): number {
  const space = { name: '' }
  const table = {
    kind: { kind: 'Host', uniqueIndexes: ['host'] },
    indexes: { find: (term: string) => ({ entries: [{ name: term.slice(-6), space }] }) },
  } as unknown as KindTable
  let reads = 0
  const named = (index: number): string => `h${String(index % size).padStart(5, '0')}`
  const mutations = Array.from({ length: size }, (_, index): Mutation => {
    const terms = [postingTerm('host', named(index + 1))]
    const mutation = { table, namespace: undefined, name: named(index), after: {} as StoredObject, terms }
    return counting(mutation, () => void reads++)
  })
  assertUnique(mutations)
  return reads
}

test('a transaction under a unique index is checked in proportion to its size', () => {
  expect(readsOf(2_000)).toBe(2 * readsOf(1_000))
})

test('an object under many values is indexed in proportion to their number', () => {
  let reads = 0
  const many = Array.from({ length: 2_000 }, (_, index) => `v${index}`)
  const kind = kindOf('Many', {
    indexes: { value: () => many },
  })
  const object = { metadata: { labels: {}, ownerReferences: [] } } as unknown as StoredObject
  const terms = termsOf(kind, object)
  expect(new Set(terms).size).toBe(2_000)
  const counted = counting(terms as string[], () => void reads++)
  const other = counting([...terms, 'one more'], () => void reads++)
  const postings = new Postings()
  postings.change({} as Entry, [], counted)
  postings.change({} as Entry, counted, other)
  expect(postings.size).toBe(2_001)
  expect(reads).toBeLessThan(20 * 2_000)
})

test('the holder of a value is the object before it in the transaction, or the stored one that keeps it', async () => {
  const Host = kindOf<{ host: string }>('Host', {
    indexes: { host: ({ spec }) => spec.host },
    uniqueIndexes: ['host'],
  })
  const { store } = createWorld({ kinds: [Host] })
  const at = (namespace: string, name = 'x'): object => ({ metadata: { namespace, name } })
  const host = (namespace: string, of: string, name?: string): never =>
    ({ ...at(namespace, name), spec: { host: of } }) as never
  await store.create(Host, host('a', '1'))
  await store.create(Host, host('b', '2'))
  const holder = (namespace: string, name: string): object => ({
    code: 'UniqueViolation',
    details: { holder: { kind: 'Host', namespace, name } },
  })
  await expect(store.create(Host, host('c', '1'))).rejects.toMatchObject(holder('a', 'x'))
  const twice = store.transact(tx => {
    tx.create(Host, host('c', '3', 'y'))
    tx.create(Host, host('c', '3', 'z'))
  })
  await expect(twice).rejects.toMatchObject(holder('c', 'y'))
  await store.transact(tx => {
    tx.modify(Host, { namespace: 'a', name: 'x' }, draft => void (draft.spec.host = '2'))
    tx.modify(Host, { namespace: 'b', name: 'x' }, draft => void (draft.spec.host = '1'))
  })
  expect(store.list(Host).items.map(({ spec }) => spec.host)).toEqual(['2', '1'])
})
