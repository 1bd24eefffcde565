import { expect, test } from 'vitest'
import { EndpointSlice, Service } from '../../../src/api/index.js'
import { createSeededRandom } from '../../../src/core/index.js'
import { refusalOf } from '../../../src/discovery/registry/registry-change.js'
import { changeOf } from '../../../src/discovery/shell/stored-services.js'
import type { Kind, ObjectInput } from '../../../src/store/index.js'
import { createStore } from '../../../src/store/index.js'
import { pick, sampleValue } from '../../../src/testing/fuzzing/sample-value.js'
import type { SchemaNode } from '../../../src/testing/fuzzing/schema-node.js'
import { specNode } from '../../../src/testing/fuzzing/schema-node.js'

const LONG = 'x'.repeat(63)
const TEXTS = [
  '',
  'a',
  'a-b',
  'A',
  'a_b',
  'a.b',
  LONG,
  `${LONG}x`,
  'www.example.com.',
  '.',
  'constructor',
  'é',
]
const NUMBERS = [0, 1, -1, 0.5, 65_535, 65_536, 86_400, 86_401, 1e308]
const ADDRESSES = ['10.0.0.1', 'fd00::1', '10.0.0.256']
const random = createSeededRandom(11)

/** The value with some of its texts and numbers at their bounds, or beyond. */
function edged(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) {
    const items = random.next() < 0.1 ? Array.from({ length: 20 }, () => value[0] ?? 'a') : value
    return items.map(item => edged(item, name))
  }
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, edged(member, key)]))
  if (name === 'addresses' || name === 'clusterIPs') return pick(ADDRESSES, random)
  if (name === 'addressType' || random.next() < 0.8) return value
  if (typeof value === 'number') return pick(NUMBERS, random)
  return typeof value === 'string' ? pick(TEXTS, random) : value
}

test.each([Service, EndpointSlice])('a registry takes each $kind that a store admits', async kind => {
  const store = createStore({ kinds: [kind] })
  const node = specNode(kind) as SchemaNode
  let admitted = 0
  for (let run = 0; run < 1_500; run++) {
    const input = { metadata: { namespace: 'ns', name: `x${run}` }, spec: edged(sampleValue(node, random)) }
    const made = await store
      .create(kind as Kind, input as ObjectInput, { dryRun: true })
      .catch((error: unknown) => {
        expect(error).toMatchObject({ code: 'Invalid' })
      })
    if (made === undefined) continue
    admitted++
    expect(refusalOf(changeOf(made as Service | EndpointSlice))?.message).toBeUndefined()
  }
  expect(admitted).toBeGreaterThan(200)
})
