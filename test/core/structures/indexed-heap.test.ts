import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HeapHandle } from '../../../src/core/structures/indexed-heap.js'
import { heapHandle, IndexedHeap } from '../../../src/core/structures/indexed-heap.js'

interface Item extends HeapHandle {
  readonly name: number
}

const makeItem = (name: number): Item => ({ ...heapHandle(), name })

/** The obvious implementation: a list, searched in full. */
class SlowHeap {
  readonly entries: { name: number; at: number; order: number }[] = []
  order = 0
  push(name: number, at: number): boolean {
    const added = !this.entries.some(entry => entry.name === name)
    if (added) this.entries.push({ name, at, order: this.order++ })
    return added
  }
  pop(): number | undefined {
    const first = this.first()
    if (first !== undefined) this.remove(first)
    return first
  }
  first(): number | undefined {
    return this.entries.toSorted((a, b) => a.at - b.at || a.order - b.order)[0]?.name
  }
  remove(name: number): boolean {
    const index = this.entries.findIndex(entry => entry.name === name)
    if (index >= 0) this.entries.splice(index, 1)
    return index >= 0
  }
  update(name: number, at: number): boolean {
    const entry = this.entries.find(each => each.name === name)
    if (entry !== undefined) entry.at = at
    return entry !== undefined
  }
}

type Operation = 'push' | 'pop' | 'remove' | 'update'

/** One operation, with the answer in the form of the oracle. */
function apply(heap: IndexedHeap<Item>, op: Operation, item: Item, at: number): boolean | number | undefined {
  if (op === 'pop') return heap.pop()?.name
  if (op === 'remove') return heap.remove(item)
  if (op === 'update') return heap.update(item, at)
  const absent = !heap.has(item)
  if (absent) heap.push(item, at)
  return absent
}

const command = fc.record({
  op: fc.constantFrom<Operation[]>('push', 'push', 'pop', 'remove', 'update'),
  name: fc.nat(40),
  at: fc.integer({ min: 0, max: 12 }),
})

describe('indexed heap', () => {
  test('agrees with a sorted list under any sequence of operations', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), commands => {
        const heap = new IndexedHeap<Item>()
        const oracle = new SlowHeap()
        const items = Array.from({ length: 41 }, (_, name) => makeItem(name))
        for (const { op, name, at } of commands) {
          const item = items[name] as Item
          expect(apply(heap, op, item, at)).toBe(oracle[op](name, at))
          expect(heap.peek()?.name).toBe(oracle.first())
          expect(heap.size).toBe(oracle.entries.length)
          for (const each of items)
            expect(heap.has(each)).toBe(oracle.entries.some(entry => entry.name === each.name))
        }
      }),
    )
  })

  test('hands out equal keys in the order of insertion', () => {
    const heap = new IndexedHeap<Item>()
    for (let name = 0; name < 100; name++) heap.push(makeItem(name), 5)
    expect(Array.from({ length: 100 }, () => heap.pop()?.name)).toEqual(
      Array.from({ length: 100 }, (_, name) => name),
    )
  })

  test('clear lets the items into another heap', () => {
    const heap = new IndexedHeap<Item>()
    const item = makeItem(1)
    heap.push(item, 1)
    heap.clear()
    const other = new IndexedHeap<Item>()
    other.push(item, 2)
    expect([heap.size, heap.has(item), other.peek()]).toEqual([0, false, item])
    expect([...other]).toEqual([item])
  })

  test('refuses an item that is in a heap, and a key that is no number, changing nothing', () => {
    const heap = new IndexedHeap<Item>()
    const item = makeItem(1)
    heap.push(item, 1)
    expect(() => heap.push(item, 2)).toThrow(expect.objectContaining({ code: 'Usage' }))
    expect(() => heap.push(makeItem(2), Number.NaN)).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect(() => heap.update(item, Number.NaN)).toThrow(expect.objectContaining({ code: 'Invalid' }))
    expect([heap.size, item.at]).toEqual([1, 1])
  })
})
