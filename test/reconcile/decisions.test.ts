import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createSeededRandom, KeelsonError } from '../../src/core/index.js'
import { decideOutcome } from '../../src/reconcile/controller/outcome.js'
import {
  controllerOf,
  controllerReference,
  exponentialLimiter,
  isControlledBy,
  RetryAfterError,
  requeueAfter,
  setCondition,
  TerminalError,
} from '../../src/reconcile/index.js'
import { mapToOwners, mapToSelf } from '../../src/reconcile/sources/event-mapping.js'
import { createReverseIndex } from '../../src/reconcile/sources/reverse-index.js'
import type { OwnerReference, StoredObject } from '../../src/store/index.js'
import { Widget } from '../fixtures/kinds.js'

const limiter = exponentialLimiter()

describe('the outcome of an attempt', () => {
  const conflict = new KeelsonError({
    code: 'Conflict',
    message: 'stale',
    details: { kind: 'Widget', name: 'a' },
  })
  const failure = new Error('x')
  const terminal = new TerminalError('never')
  const later = new RetryAfterError(250, 'later')

  test.each([
    ['nothing returned', { kind: 'returned', result: undefined }, 0, { kind: 'success' }],
    ['requeueAfter', { kind: 'returned', result: requeueAfter(9) }, 3, { kind: 'requeueAfter', afterMs: 9 }],
    ['a first failure', { kind: 'threw', error: failure }, 0, { kind: 'retry', afterMs: 5, error: failure }],
    [
      'a fourth failure',
      { kind: 'threw', error: failure },
      3,
      { kind: 'retry', afterMs: 40, error: failure },
    ],
    ['RetryAfter', { kind: 'threw', error: later }, 3, { kind: 'retry', afterMs: 250, error: later }],
    ['Terminal', { kind: 'threw', error: terminal }, 3, { kind: 'terminal', error: terminal }],
    [
      'a conflict',
      { kind: 'threw', error: conflict },
      3,
      { kind: 'conflict', withinMs: 10, error: conflict },
    ],
  ] as const)('of %s', (_what, end, failures, outcome) => {
    expect(decideOutcome(end, { failures, conflicts: 0 }, limiter)).toEqual(outcome)
  })

  test('conflicts wait longer each time, up to a second', () => {
    const waits = Array.from({ length: 10 }, (_, conflicts) => {
      const outcome = decideOutcome({ kind: 'threw', error: conflict }, { failures: 0, conflicts }, limiter)
      return outcome.kind === 'conflict' ? outcome.withinMs : Number.NaN
    })
    expect(waits).toEqual([10, 20, 40, 80, 160, 320, 640, 1000, 1000, 1000])
  })

  test.each([
    [0, 1_000],
    [9, 2_560],
  ])('an eleventh conflict is a failure, that waits no less: with %s failures %s ms', (failures, afterMs) => {
    const outcome = decideOutcome({ kind: 'threw', error: conflict }, { failures, conflicts: 10 }, limiter)
    expect(outcome).toEqual({ kind: 'retry', afterMs, error: conflict })
  })

  test.each([
    [undefined],
    [null],
    ['text'],
    [7],
    [
      {
        toString: () => {
          throw new Error('no')
        },
      },
    ],
  ])('of a thrown %o is a failure with an error', thrown => {
    const outcome = decideOutcome({ kind: 'threw', error: thrown }, { failures: 0, conflicts: 0 }, limiter)
    expect(outcome.kind === 'retry' && outcome.error).toBeInstanceOf(Error)
    if (outcome.kind === 'retry') expect(outcome.error.cause).toBe(thrown)
  })
})

test.each([[true], [{ requeueAfter: 5 }], [{ kind: 'requeueAfter', afterMs: Number.NaN }]])(
  'returning %o is a terminal usage error',
  result => {
    const end = { kind: 'returned', result: result as never } as const
    const outcome = decideOutcome(end, { failures: 0, conflicts: 0 }, limiter)
    expect(outcome).toMatchObject({ kind: 'terminal', error: { code: 'Usage' } })
  },
)

describe('the exponential limiter', () => {
  test('never leaves its bounds, whatever the number of failures', () => {
    const bounds = fc.record({
      baseMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      more: fc.double({ min: 0, max: 1e9, noNaN: true }),
    })
    fc.assert(
      fc.property(
        bounds,
        fc.nat(5_000),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ baseMs, more }, failures, jitter) => {
          const maxMs = baseMs + more
          const random = createSeededRandom(failures)
          const limiter = exponentialLimiter({ baseMs, maxMs, jitter, random })
          const { ms: delay } = limiter.delay({ failures, conflicts: 0 })
          expect(delay).toBeGreaterThanOrEqual(baseMs * (1 - jitter) * 0.999)
          expect(delay).toBeLessThanOrEqual(maxMs)
        },
      ),
    )
  })

  test.each([
    [{ baseMs: -1 }, 'baseMs'],
    [{ baseMs: Number.NaN }, 'baseMs'],
    [{ baseMs: 10, maxMs: 5 }, 'maxMs'],
    [{ maxMs: Number.POSITIVE_INFINITY }, 'maxMs'],
    [{ jitter: 2, random: createSeededRandom(1) }, 'jitter'],
    [{ jitter: 0.5 }, 'random'],
  ])('refuses %o', (options, field) => {
    expect(() => exponentialLimiter(options)).toThrow(field)
  })
})

describe('setCondition', () => {
  const ready = { type: 'Ready', status: 'True', reason: 'Up', message: 'It is up.' } as const
  const first = setCondition(undefined, ready, 't1')

  test('adds a type at the end, with the time', () => {
    expect(first).toEqual([{ ...ready, lastTransitionTime: 't1' }])
    expect(setCondition(first, { ...ready, type: 'Healthy' }, 't2').map(c => c.type)).toEqual([
      'Ready',
      'Healthy',
    ])
  })

  test('gives back the same list when nothing would change', () => {
    expect(setCondition(first, { ...ready }, 't2')).toBe(first)
  })

  test('keeps the time unless the status flips', () => {
    const reworded = setCondition(first, { ...ready, message: 'Still up.', observedGeneration: 2 }, 't2')
    expect(reworded).toEqual([
      { ...ready, message: 'Still up.', observedGeneration: 2, lastTransitionTime: 't1' },
    ])
    expect(setCondition(reworded, { ...ready, status: 'False' }, 't3')[0]?.lastTransitionTime).toBe('t3')
    expect(first[0]?.message).toBe('It is up.')
  })
})

function stored(name: string, owners: readonly OwnerReference[] = [], namespace = 'default'): StoredObject {
  return {
    apiVersion: 'example/v1',
    kind: 'Widget',
    metadata: {
      name,
      namespace,
      uid: `uid-${name}`,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: {},
      annotations: {},
      ownerReferences: owners,
      finalizers: [],
    },
    spec: {},
  }
}

describe('ownership', () => {
  const owner = stored('owner')
  const reference = controllerReference(Widget, owner)
  const owned = stored('owned', [{ ...reference, uid: 'someone', controller: false }, reference])

  test('a controller reference names its owner and holds up its deletion', () => {
    expect(reference).toEqual({
      apiVersion: 'example/v1',
      kind: 'Widget',
      name: 'owner',
      uid: 'uid-owner',
      controller: true,
      blockOwnerDeletion: true,
    })
  })

  test('is told by the uid', () => {
    expect(controllerOf(owned)).toBe(reference)
    expect(isControlledBy(owned, owner)).toBe(true)
    expect(isControlledBy(owned, stored('other'))).toBe(false)
    expect(isControlledBy(stored('free'), owner)).toBe(false)
  })

  test('maps to the owner of the right group and kind only', () => {
    const keys = (change: Partial<OwnerReference>) =>
      mapToOwners(
        Widget,
        'controller',
      )({ before: undefined, after: stored('x', [{ ...reference, ...change }], 'ns') })
    expect(keys({})).toEqual([{ namespace: 'ns', name: 'owner' }])
    expect(keys({ apiVersion: 'example/v9' })).toEqual([{ namespace: 'ns', name: 'owner' }])
    expect(keys({ apiVersion: 'v1' })).toEqual([])
    expect(keys({ kind: 'Gadget' })).toEqual([])
    expect(keys({ controller: false })).toEqual([])
  })

  test('an object maps to itself, before its creation and after its deletion alike', () => {
    const object = stored('x')
    const self = [{ namespace: 'default', name: 'x' }]
    expect(mapToSelf({ before: undefined, after: object })).toEqual(self)
    expect(mapToSelf({ before: object, after: undefined })).toEqual(self)
  })
})

test('the reverse index equals a scan over all references', () => {
  const letter = fc.constantFrom('a', 'b', 'c', 'd')
  fc.assert(
    fc.property(fc.array(fc.tuple(letter, fc.array(letter, { maxLength: 4 })), { maxLength: 30 }), writes => {
      const index = createReverseIndex()
      const all = new Map<string, readonly string[]>()
      for (const [from, to] of writes) {
        index.set(from, to)
        all.set(from, to)
        for (const target of ['a', 'b', 'c', 'd']) {
          const scan = [...all].filter(([, targets]) => targets.includes(target)).map(([source]) => source)
          expect([...index.referrers(target)].sort()).toEqual(scan.sort())
        }
      }
    }),
  )
})
