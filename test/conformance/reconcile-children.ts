import { expect } from 'vitest'
import { OwnWrites } from '../../src/reconcile/attempt/own-writes.js'
import { createWriteGate } from '../../src/reconcile/attempt/write-gate.js'
import { createEventCorrelator } from '../../src/reconcile/events/event-correlator.js'
import { claimVerdict, createExpectations, slowStart } from '../../src/reconcile/index.js'
import type { Kind, StoredObject } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { kindOf } from '../fixtures/kinds.js'

/** A case of the kinds that this file answers; which fields there are depends on the kind. */
interface ChildrenCase {
  readonly id: string
  readonly kind: string
  readonly expect?: unknown
  readonly expectOurs?: unknown
}

/** Slow start, claims, events, and reads of one's own writes. */
export const childrenAnswers: Readonly<Record<string, (example: ChildrenCase) => Promise<void> | void>> = {
  slowStart: judgeSlowStart,
  claim: judgeClaims,
  events: judgeEvents,
  readYourWrites: judgeOwnWrites,
  expectations: judgeExpectations,
}

interface SlowStartCase extends ChildrenCase {
  readonly count: number
  readonly initialBatch: number
  readonly failAt: readonly number[]
}

async function judgeSlowStart(example: ChildrenCase): Promise<void> {
  const { count, initialBatch, failAt } = example as SlowStartCase
  const items = Array.from({ length: count }, (_, at) => at + 1)
  const call = async (item: number): Promise<void> => {
    if (failAt.includes(item)) throw new Error('refused')
  }
  const { batches, succeeded } = await slowStart(items, call, { initialBatch })
  const calls = batches.reduce((sum, size) => sum + size, 0)
  expect({ batches, calls, succ: succeeded }).toEqual(example.expectOurs ?? example.expect)
}

interface ClaimRow {
  readonly controllerRef: 'me' | 'other' | null
  readonly match: boolean
  readonly meDeleting?: boolean
  readonly objDeleting?: boolean
  readonly otherNamespace?: boolean
  readonly expect: string
}

function judgeClaims(example: ChildrenCase): void {
  const { rows } = example as ChildrenCase & { readonly rows: readonly ClaimRow[] }
  for (const row of rows) {
    const me = object({ uid: 'me', deleting: row.meDeleting })
    const theirs = object({
      uid: 'x',
      deleting: row.objDeleting,
      namespace: row.otherNamespace === true ? 'elsewhere' : 'default',
      controller: row.controllerRef ?? undefined,
    })
    expect([row, claimVerdict(theirs, me, row.match)]).toEqual([row, row.expect])
  }
}

/** The cases tell the operations in words; these are they. */
function judgeEvents({ id }: ChildrenCase): void {
  const correlator = createEventCorrelator('controller')
  const regarding = object({ uid: 'x' })
  const tell = (note: string, ms: number): readonly unknown[] => {
    const told = correlator.correlate({ regarding, reason: 'Failed', note }, ms)
    return told.kind === 'drop' ? ['drop'] : [told.kind, told.record.count, told.record.note === note]
  }
  if (id === 'evt-01') {
    const told = Array.from({ length: 12 }, (_, n) => tell(`message ${n}`, n * 1_000))
    expect(told.slice(0, 9)).toEqual(Array.from({ length: 9 }, () => ['create', 1, true]))
    expect(told[9]).toEqual(['create', 1, false])
    expect(told[10]).toEqual(['update', 2, false])
  } else if (id === 'evt-02') {
    const told = Array.from({ length: 30 }, () => tell('the same', 0))
    expect(told[0]).toEqual(['create', 1, true])
    expect(told.slice(1, 25)).toEqual(Array.from({ length: 24 }, (_, n) => ['update', n + 2, true]))
    expect(told.slice(25)).toEqual(Array.from({ length: 5 }, () => ['drop']))
    // The count went on while they were dropped.
    expect(tell('the same', 300_000)).toEqual(['update', 31, true])
  } else throw new Error(`unknown case ${id}`)
}

type Operation = readonly [name: string, key: string, ...values: unknown[]]

function judgeOwnWrites(example: ChildrenCase): void {
  const { ops } = example as ChildrenCase & { readonly ops: readonly Operation[] }
  const isGate = ops.some(([name]) => name === 'wrote')
  const results = isGate ? playGate(ops) : playOverlay(ops)
  expect(results).toEqual(example.expectOurs ?? example.expect)
}

/** One revision counts for all kinds here, so the resource makes no difference. */
function playGate(ops: readonly Operation[]): readonly unknown[] {
  const gate = createWriteGate()
  return ops.map(([name, key, ...values]) => {
    if (name === 'wrote') return gate.wrote(key, Number(values[1])) ?? null
    return gate.isReady(key, (values[0] as { readonly pods: number }).pods)
  })
}

async function judgeExpectations(example: ChildrenCase): Promise<void> {
  const { ops } = example as ChildrenCase & { readonly ops: readonly Operation[] }
  const env = createVirtualEnv()
  const expectations = createExpectations(env.clock)
  const results: unknown[] = []
  for (const [operation, key, value] of ops) {
    if (operation === 'satisfied') results.push(expectations.satisfied(key))
    else {
      if (operation === 'expectCreations') expectations.expect(key, { creations: Number(value) })
      else if (operation === 'creationObserved') expectations.created(key)
      else if (operation === 'expectDeletions')
        expectations.expect(key, { deletions: value as readonly string[] })
      else if (operation === 'deletionObserved') expectations.deleted(key, String(value))
      else if (operation === 'advance') await env.advance(Number(key))
      else throw new Error(`unknown operation ${operation}`)
      results.push(null)
    }
  }
  expect(results).toEqual(example.expectOurs ?? example.expect)
}

const Thing: Kind<{ readonly v: string }> = kindOf('Thing')

function playOverlay(ops: readonly Operation[]): readonly unknown[] {
  const writes = new OwnWrites()
  const cached = new Map<string, StoredObject>()
  let revision = 0
  return ops.map(([operation, name, value]) => {
    const { rv = 0, v = '' } = (value ?? {}) as { readonly rv?: number; readonly v?: string }
    const stored = object({ uid: 'x', name, spec: { v } })
    switch (operation) {
      case 'event':
        revision = rv
        cached.set(name, stored)
        return null
      case 'deleteEvent':
        revision = rv
        cached.delete(name)
        return null
      case 'ownWrite':
        writes.note(Thing, { name }, rv, { kind: 'object', object: stored })
        return null
      case 'ownDelete':
        writes.note(Thing, { name }, rv, { kind: 'deleted' })
        return null
      case 'get': {
        const own = writes.find(Thing, { name }, revision)
        const found = own === undefined ? cached.get(name) : own.kind === 'object' ? own.object : undefined
        return (found?.spec as { readonly v: string } | undefined)?.v ?? null
      }
      default:
        throw new Error(`unknown operation ${operation}`)
    }
  })
}

interface ObjectParts {
  readonly uid: string
  readonly name?: string
  readonly namespace?: string
  readonly deleting?: boolean | undefined
  readonly controller?: string | undefined
  readonly spec?: unknown
}

function object({ uid, name = 'x', namespace = 'default', ...rest }: ObjectParts): StoredObject {
  const { deleting = false, controller, spec = {} } = rest
  const owner = { apiVersion: 'v1', kind: 'Owner', name: 'o', controller: true }
  return {
    apiVersion: 'v1',
    kind: 'Thing',
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...(deleting ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
      labels: {},
      annotations: {},
      ownerReferences: controller === undefined ? [] : [{ ...owner, uid: controller }],
      finalizers: [],
    },
    spec,
  }
}
