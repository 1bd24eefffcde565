import { expect, test } from 'vitest'
import { Lease } from '../../src/api/index.js'
import {
  bucketLimiter,
  createCache,
  createController,
  createExpiryController,
  createGarbageCollector,
  createManager,
  createNamespaceController,
  createWorkQueue,
  decorrelatedJitterLimiter,
  exponentialLimiter,
  poll,
  waitUntil,
  withFinalizers,
} from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { Part, Secret, Widget } from '../fixtures/kinds.js'

const store = createStore({ kinds: [Widget] })
const { random } = createVirtualEnv()
const base = { name: 'c', for: Widget, reconcile: () => {} }
const election = { kind: Lease, lease: 'l', identity: 'i' } as const
const finalizer = { name: 'example.com/f', cleanup: () => {} }
const map = () => []
const part = { name: 'p', start: () => {}, stop: () => {} }

/** Each is refused by the compiler, too. */
const misspelt: readonly (readonly [make: () => unknown, option: string, nearest: string])[] = [
  // @ts-expect-error: misspelt
  [() => createController({ ...base, watch: [] }), 'watch', 'watches'],
  // @ts-expect-error: misspelt
  [() => createController({ ...base, concurency: 4 }), 'concurency', 'concurrency'],
  // @ts-expect-error: misspelt
  [() => createController({ ...base, timeoutMS: 4 }), 'timeoutMS', 'timeoutMs'],
  // @ts-expect-error: misspelt
  [() => createController({ ...base, owns: [{ kind: Part, owner: 'all' }] }), 'owner', 'owners'],
  // @ts-expect-error: misspelt
  [() => createController({ ...base, watches: [{ kind: Secret, map, whenn: map }] }), 'whenn', 'when'],
  // @ts-expect-error: misspelt
  [() => createController({ ...base, fairness: { classof: String } }), 'classof', 'classOf'],
  // @ts-expect-error: misspelt
  [() => createManager({ client: store, leaderElections: election }), 'leaderElections', 'leaderElection'],
  // @ts-expect-error: misspelt
  [() => createManager({ client: store, leaderElection: { ...election, retryMs: 1 } }), 'retryMs', ''],
  // @ts-expect-error: misspelt
  [() => createManager({ client: store }).add(part, { dependOn: ['x'] }), 'dependOn', 'dependsOn'],
  // @ts-expect-error: misspelt
  [() => createGarbageCollector({ kinds: [Widget], concurrancy: 2 }), 'concurrancy', 'concurrency'],
  // @ts-expect-error: misspelt
  [() => createCache({ kinds: [Widget], index: [] }), 'index', 'indexes'],
  // @ts-expect-error: misspelt
  [() => createWorkQueue({ agems: 5 }), 'agems', 'ageMs'],
  // @ts-expect-error: misspelt
  [() => withFinalizers(Widget, [finalizer], map, { stuckAfter: 1 }), 'stuckAfter', 'stuckAfterMs'],
  // @ts-expect-error: misspelt
  [() => withFinalizers(Widget, [{ ...finalizer, forceAfter: 1 }], map), 'forceAfter', 'forceAfterMs'],
  // @ts-expect-error: misspelt
  [() => createExpiryController({ for: Widget, expiresAt: () => 1 }), 'expiresAt', 'expiresAtMs'],
  // @ts-expect-error: misspelt
  [() => createNamespaceController({ for: Widget, kinds: [], deletion: 1 }), 'deletion', ''],
  // @ts-expect-error: misspelt
  [() => poll({ minMs: 1, maxMs: 2, facter: 3 }), 'facter', 'factor'],
  // @ts-expect-error: misspelt
  [() => exponentialLimiter({ baseMS: 1 }), 'baseMS', 'baseMs'],
  // @ts-expect-error: misspelt
  [() => decorrelatedJitterLimiter({ random, maxms: 1 }), 'maxms', 'maxMs'],
  // @ts-expect-error: misspelt
  [() => bucketLimiter({ maxWaitMs: 1, perSeconds: 1 }), 'perSeconds', 'perSecond'],
]

test.each(misspelt)('%s is refused', (make, option, nearest) => {
  const remedy = nearest === '' ? 'it takes ' : `did you mean ${nearest}?`
  expect(make).toThrow(expect.objectContaining({ code: 'Usage' }))
  expect(make).toThrow(`has no option "${option}"; ${remedy}`)
})

test('a wait is refused them, too', async () => {
  // @ts-expect-error: misspelt
  const waiting = waitUntil(store, [Widget], () => true, { timeoutMs: 1, timeout: 2 })
  await expect(waiting).rejects.toThrow('waitUntil has no option "timeout"; did you mean timeoutMs?')
})

test('an option that is undefined is left out', () => {
  const options: object = { watch: undefined }
  expect(createController({ ...base, ...options }).name).toBe('c')
})
