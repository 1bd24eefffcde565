import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Task } from '../../../src/api/index.js'
import { isKeelsonError } from '../../../src/core/index.js'
import { createScheduler } from '../../../src/scheduling/index.js'
import { requestOfTask } from '../../../src/scheduling/shell/task-object.js'
import { createStore } from '../../../src/store/index.js'

const RUNS = Number(process.env['SCHEDULING_RUNS'] ?? 3) * 40

/** What a JSON document may hold in any place. */
const oddArbitrary = fc.constantFrom<unknown>('', 'a', '-', '80', 0, 1, 101, -1, 1.5, undefined, [], {})
const keyArbitrary = fc.constantFrom('a', 'metadata.name', '', '-', 'zone')
const valuesArbitrary = fc.option(fc.array(fc.constantFrom('a', '1', '', '-'), { maxLength: 2 }), {
  nil: undefined,
})
const expressionArbitrary = record({
  key: keyArbitrary,
  operator: fc.constantFrom('In', 'NotIn', 'Exists', 'Gt', 'is'),
  values: valuesArbitrary,
})
const termArbitrary = record({
  matchExpressions: fc.option(fc.array(expressionArbitrary, { maxLength: 2 }), { nil: undefined }),
  matchFields: fc.option(fc.array(expressionArbitrary, { maxLength: 1 }), { nil: undefined }),
})
const selectorArbitrary = fc.option(
  record({
    matchLabels: fc.option(fc.dictionary(keyArbitrary, fc.constantFrom('a', '-')), { nil: undefined }),
    matchExpressions: fc.option(fc.array(expressionArbitrary, { maxLength: 2 }), { nil: undefined }),
  }),
  { nil: undefined },
)
const constraintArbitrary = record({
  attribute: fc.constantFrom('a', ''),
  operator: fc.constantFrom('equals', 'unique', 'maxPer', 'matches', 'in', 'lessThan'),
  value: fc.constantFrom('a', '(', 1, ['a'], undefined, -1),
})

const specArbitrary = record({
  nodeSelector: fc.option(fc.dictionary(keyArbitrary, fc.constantFrom('a', '-')), { nil: undefined }),
  nodePreferences: few(
    fc.tuple(termArbitrary, fc.constantFrom(1, 0, 101, 0.5)).map(([term, weight]) => ({ ...term, weight })),
  ),
  affinity: few(
    record({
      kind: fc.constantFrom('affinity', 'antiAffinity'),
      attribute: fc.constantFrom('zone', ''),
      labelSelector: selectorArbitrary,
      weight: fc.constantFrom(undefined, 1, 0, 101),
    }),
  ),
  spread: few(
    record({
      attribute: fc.constantFrom('zone', ''),
      whenUnsatisfiable: fc.constantFrom('ScheduleAnyway', undefined, 'DoNotSchedule'),
      maxSkew: oddArbitrary,
      labelSelector: selectorArbitrary,
      targets: fc.option(fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom(0, 40, 70, 101)), {
        nil: undefined,
      }),
    }),
  ),
  devices: few(
    record({
      kind: fc.constantFrom('gpu', ''),
      count: oddArbitrary,
      constraints: fc.option(fc.array(constraintArbitrary, { maxLength: 2 }), { nil: undefined }),
    }),
  ),
  volumes: few(
    record({
      name: fc.constantFrom('v', 'w', ''),
      access: fc.constantFrom(undefined, 'ReadWriteOncePod', 'all'),
      topology: fc.option(fc.array(termArbitrary, { maxLength: 2 }), { nil: undefined }),
    }),
  ),
  ports: few(
    record({
      containerPort: fc.constant(80),
      hostPort: fc.constantFrom(undefined, 80, 81, 0),
      hostPortRange: fc.constantFrom(undefined, { first: 80, last: 81 }, { first: 82, last: 81 }),
    }),
  ),
  constraints: few(constraintArbitrary),
  group: fc.constantFrom(undefined, 'web'),
  resources: fc.constantFrom(
    undefined,
    { requests: { cpu: 1 } },
    { requests: { pods: 1 } },
    { limits: { a: 'b' } },
  ),
})

/** A record without the members that are undefined. */
function record(
  model: Readonly<Record<string, fc.Arbitrary<unknown>>>,
): fc.Arbitrary<Record<string, unknown>> {
  return fc
    .record(model)
    .map(all => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))
}

function few(arbitrary: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const list = fc.array(arbitrary, { minLength: 1, maxLength: 2 })
  return fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: list })
}

test('law: what the store takes as a task, the scheduler can read', async () => {
  let taken = 0
  await fc.assert(
    fc.asyncProperty(specArbitrary, async spec => {
      const store = createStore({ kinds: [Task] })
      const metadata = { namespace: 'd', name: 'x' }
      const task = await store.create(Task, { metadata, spec: spec as TaskSpec }).catch((error: unknown) => {
        if (!isKeelsonError(error, 'Invalid')) throw error
      })
      if (task === undefined) return
      if (Object.keys(spec).length > 0) taken++
      const scheduler = createScheduler()
      scheduler.addNode({ name: 'n', allocatable: {} })
      expect(() => scheduler.explain(requestOfTask(task))).not.toThrow()
    }),
    { numRuns: RUNS },
  )
  expect(taken).toBeGreaterThan(0)
})
