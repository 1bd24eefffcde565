import { describe, expect, test } from 'vitest'
import type { Reconciler } from '../../../src/reconcile/index.js'
import { createController } from '../../../src/reconcile/index.js'
import type { Kind } from '../../../src/store/index.js'
import type { MakeParts } from '../../../src/testing/index.js'
import { check, FuzzFailedError, fuzz } from '../../../src/testing/index.js'
import { kindOf } from '../../fixtures/kinds.js'

interface SiteSpec {
  readonly replicas: number
  readonly mode?: 'fast' | 'safe'
  readonly hosts?: readonly string[]
}
type SiteStatus = Readonly<Record<string, unknown>>

const Site: Kind<SiteSpec, SiteStatus> = kindOf('Site', {
  namespaced: false,
  schema: {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: {
          replicas: { type: 'integer', minimum: 0, maximum: 3 },
          mode: { enum: ['fast', 'safe'] },
          hosts: { type: 'array', items: { type: 'string', minLength: 1 } },
        },
        required: ['replicas'],
        additionalProperties: false,
      },
    },
  },
})

const site = { kind: 'Site', metadata: { name: 'a' }, spec: { replicas: 1 } }
const options = { kinds: [Site], objects: [site] }

function sites(reconcile: Reconciler<SiteSpec, SiteStatus>): MakeParts {
  return () => createController({ name: 'sites', for: Site, reconcile })
}

/** Writes a status that follows from the spec. */
function derives(statusOf: (spec: SiteSpec, old: SiteStatus) => SiteStatus): MakeParts {
  return sites(async (key, object, { client }) => {
    if (object === undefined) return
    await client.modifyStatus(Site, key, draft => {
      draft.status = statusOf(object.spec, object.status ?? {})
    })
  })
}

const sound = derives(({ replicas, mode = 'fast', hosts = [] }) => ({ replicas, mode, hosts: hosts.length }))
const failureOf = async (make: MakeParts, more: object = {}): Promise<FuzzFailedError> => {
  const failure: unknown = await fuzz(make, { ...options, rounds: 30, ...more }).catch(
    (error: unknown) => error,
  )
  if (!(failure instanceof FuzzFailedError)) throw failure
  return failure
}

describe('fuzzing', () => {
  test('passes a reconciler whose state follows from the spec', async () => {
    const report = await fuzz(sound, { ...options, rounds: 4, executions: 5 })
    expect(report).toMatchObject({ rounds: 4, executions: 4 * (5 + 3) })
  })

  test.each([
    [
      'a value that is kept when the field is gone',
      derives(({ mode }, old) => (mode === undefined ? old : { mode })),
    ],
    [
      'a list that only grows',
      derives(({ hosts = [] }, old) => ({ seen: Math.max(hosts.length, Number(old['seen'] ?? 0)) })),
    ],
    [
      'a value that nobody has thought of',
      sites((_key, object) => {
        if (object?.spec.mode === 'safe' && object.spec.replicas === 0) throw new Error('division by zero')
      }),
    ],
  ])('finds %s, which the plain check does not', async (_what, make) => {
    await expect(check(make, { ...options, executions: 100 })).resolves.toBeDefined()
    const failure = await failureOf(make)
    expect(failure.message).toContain(failure.cause.message)
  })

  test('says which changes lead there, and no more of them than needed', async () => {
    const failure = await failureOf(
      sites((_key, object) => {
        if ((object?.spec.replicas ?? 0) > 1) throw new Error('too many')
      }),
      { executions: 1, faults: { edit: 0 } },
    )
    expect(failure.cause.invariant).toBe('converges')
    expect(failure.changes.at(-1)).toMatch(/^Site a: spec/)
    expect(failure.objects[0]?.spec).toMatchObject({ replicas: expect.any(Number) })
  })

  test('finds the same each time', async () => {
    const forgetful = derives(({ mode }, old) => (mode === undefined ? old : { mode }))
    expect((await failureOf(forgetful)).message).toBe((await failureOf(forgetful)).message)
  })

  test('gives a spec to an object without one', async () => {
    const failure = await failureOf(
      sites(() => {
        throw new Error('never')
      }),
      { objects: [{ kind: 'Site', metadata: { name: 'a' } }] },
    )
    expect(failure.objects[0]?.spec).toMatchObject({ replicas: expect.any(Number) })
    expect(failure.changes).toEqual([])
    expect(failure.message).toMatch(/^with the objects as given:\nconverges does not hold/)
  })

  test('looks at the objects as given, however short the time', async () => {
    const report = await fuzz(sound, { ...options, rounds: 10_000, timeMs: 1 })
    expect(report).toMatchObject({ rounds: 1, executions: 3 })
  })

  test('ends when the time of all rounds together is up, and tells what all of them have looked at', async () => {
    const told: number[] = []
    const progress = ({ executions }: { readonly executions: number }) => void told.push(executions)
    const report = await fuzz(sound, { ...options, rounds: 10_000, executions: 5, timeMs: 1_500, progress })
    expect(report.elapsedMs).toBeGreaterThanOrEqual(1_500 * (7 / 8))
    expect(report.rounds).toBeLessThan(10_000)
    expect(told).toEqual(told.toSorted((a, b) => a - b))
    expect(told.every(executions => executions <= report.executions)).toBe(true)
  })

  test.each([
    ['half a round', { rounds: 0.5 }, /rounds: must be a whole number of at least 1/],
    ['no time', { timeMs: 0 }, /timeMs: must be a whole number of at least 1/],
    ['no executions', { executions: 0 }, /executions: must be a whole number of at least 1/],
    ['kinds without a schema', { kinds: [kindOf('Site', { namespaced: false })] }, /JSON Schema/],
  ])('refuses %s', async (_what, more, message) => {
    await expect(fuzz(sound, { ...options, ...more })).rejects.toThrow(message)
  })
})
