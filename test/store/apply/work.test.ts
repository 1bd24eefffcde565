import { expect, test } from 'vitest'
import { decideApply } from '../../../src/store/apply/decide-apply.js'
import { fieldsOf } from '../../../src/store/apply/field-set.js'
import { fieldTypeOf } from '../../../src/store/kind/merge-type.js'

const type = fieldTypeOf({ kind: 'Any', mergeTypes: { 'spec.items': { keys: ['k'] } } })

/** How much of the document is read when each of `size` items is in conflict. */
function readsOf(size: number): number {
  let reads = 0
  const get = (target: object, key: PropertyKey): unknown => {
    reads++
    return Reflect.get(target, key) as unknown
  }
  const document = (v: number): object => ({
    spec: {
      items: new Proxy(
        Array.from({ length: size }, (_, k) => new Proxy({ k, v }, { get })),
        { get },
      ),
    },
  })
  const owner = { manager: 'one', operation: 'Apply', fields: fieldsOf(document(1), type) } as const
  const by = { manager: 'two', operation: 'Apply' } as const
  reads = 0
  const [current, applied] = [document(1), document(2)]
  const decision = decideApply({ type, current, applied, by, owners: [owner], force: false, adopt: [] })
  expect(decision).toMatchObject({ kind: 'conflicts', conflicts: { length: size } })
  return reads
}

test('conflicts cost in proportion to the list, however many there are', () => {
  expect(readsOf(800)).toBeLessThan(2.1 * readsOf(400))
})
