import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldsOf } from '../../../src/store/apply/field-set.js'
import { formatFields, parseFields } from '../../../src/store/apply/field-text.js'
import { fieldTypeOf } from '../../../src/store/kind/merge-type.js'

const type = fieldTypeOf({
  kind: 'Any',
  mergeTypes: { 'spec.set': 'set', 'spec.items': { keys: ['name', 'odd key'] }, 'spec.items[].set': 'set' },
})

describe('the text of a set of fields', () => {
  test('writes common beginnings once', () => {
    const item = { name: 'web', 'odd key': 80, port: 80 }
    const document = {
      metadata: { labels: { 'app.io/name': 'x' } },
      spec: { image: 'a', set: ['p', 2], items: [item] },
    }
    expect(formatFields(fieldsOf(document, type))).toBe(
      'metadata{labels{["app.io/name"]}} ' +
        'spec{image items{[name="web","odd key"=80]+{name port ["odd key"]}} set{[="p"] [=2]}}',
    )
  })

  test('is read back as the same set, whatever the names are', () => {
    const odd = fc.oneof(
      fc.string(),
      fc.constantFrom('a', 'b-c', '"', ']', '[', '}', '{', '+', ' ', '\\', 'a.b', '__x'),
    )
    const leaf = fc.constantFrom(1, 'x', null, true)
    const tree = fc.dictionary(odd, fc.oneof(leaf, fc.dictionary(odd, leaf, { maxKeys: 3 })), { maxKeys: 4 })
    const item = fc.record({ name: odd, 'odd key': fc.integer(), tree })
    const items = fc.uniqueArray(item, { selector: each => `${each.name} ${each['odd key']}`, maxLength: 3 })
    fc.assert(
      fc.property(tree, fc.uniqueArray(odd, { maxLength: 3 }), items, (rest, set, list) => {
        const fields = fieldsOf({ spec: { ...rest, set, items: list } }, type)
        const text = formatFields(fields)
        expect(new Set(parseFields(text))).toEqual(new Set(fields))
        expect(formatFields(new Set([...fields].reverse()))).toBe(text)
      }),
    )
  })
})
