import { describe, expect, test } from 'vitest'
import { Lease } from '../../../../src/api/index.js'
import { createController, createManager } from '../../../../src/reconcile/index.js'
import type { Client, Reader } from '../../../../src/store/index.js'
import type {
  FaultOptions,
  Invariant,
  MakeParts,
  StepView,
  TraceStep,
} from '../../../../src/testing/index.js'
import { always, atRest } from '../../../../src/testing/index.js'
import { App, app, Pod, podOf, podsOf } from '../../fixtures/apps.js'
import { only, struck } from './only.js'

const world = { kinds: [App, Pod, Lease], objects: [app('web', { replicas: 1 })] }
const LONG_MS = 30_000

const pods = () =>
  createController({
    name: 'apps',
    for: App,
    owns: [Pod],
    reconcile: async (_key, owner, { client }) => {
      if (owner === undefined || podsOf(owner, client.list(Pod).items).length > 0) return
      await client.create(Pod, podOf(owner, `${owner.metadata.name}-0`))
    },
  })

const alone: MakeParts = () => pods()

const elected: MakeParts = ({ client, name }) => {
  const manager = createManager({ client, leaderElection: { kind: Lease, lease: 'apps', identity: name } })
  manager.add(pods())
  return manager
}

const faultsOf = (trace: readonly TraceStep[]): readonly TraceStep[] => trace.filter(({ isFault }) => isFault)

/** What comes after the first step of that kind, until the first of `until`, if any. */
function after(
  trace: readonly TraceStep[],
  kind: TraceStep['kind'],
  until?: TraceStep['kind'],
): readonly TraceStep[] {
  const from = trace.findIndex(step => step.kind === kind) + 1
  const to = trace.findIndex((step, at) => at >= from && step.kind === until)
  return trace.slice(from, to === -1 ? undefined : to)
}

/** Looks at each step, and finds nothing wrong with it. */
function looking(look: (view: StepView) => void): Invariant {
  return always('is looked at', view => {
    look(view)
    return true
  })
}

describe('a shutdown', () => {
  test('lets the process stop by itself, and another one starts', async () => {
    const stops: string[] = []
    const make: MakeParts = ({ name }) => ({
      name: 'part',
      start: () => {},
      stop: () => void stops.push(name),
    })
    const { trace } = await struck(make, { ...world, faults: only('shutdown') })
    expect(faultsOf(trace)).toMatchObject([{ kind: 'shutdown', actor: 'app-1', label: 'stop' }])
    expect(stops).toContain('app-1')
    expect(after(trace, 'shutdown').map(({ kind }) => kind)).toContain('start')
  })

  test('of a leader hands the lease over, without a wait for it to lapse', async () => {
    const holders: { readonly holder: string | undefined; readonly atMs: number }[] = []
    const looks = looking(({ changes, timeMs, steps }) => {
      if (steps === 1) holders.length = 0
      for (const { after: lease } of changes)
        if (lease?.metadata.name === 'apps' && timeMs < LONG_MS)
          holders.push({ holder: (lease.spec as { holderIdentity?: string }).holderIdentity, atMs: timeMs })
    })
    const releasedAt = (): number => holders.findIndex(({ holder }) => holder === '')
    const options = { ...world, invariants: [looks], faults: only('shutdown', { rate: 1 }) }
    await struck(elected, options, () => holders[releasedAt() + 1]?.holder !== undefined && releasedAt() > 0)
    const released = releasedAt()
    const next = holders[released + 1]
    expect(next?.holder).toMatch(/^app-/)
    expect((next?.atMs ?? 0) - (holders[released]?.atMs ?? 0)).toBeLessThan(1_000)
  })
})

describe('an overlap', () => {
  test('has both processes at once, until the older one is told to stop', async () => {
    const processesOf = (steps: readonly TraceStep[]): ReadonlySet<string> =>
      new Set(steps.map(({ actor }) => actor).filter(actor => actor.startsWith('app-')))
    const { trace } = await struck(
      alone,
      { ...world, instances: 2, faults: only('overlap') },
      simulation => processesOf(after(simulation.trace, 'overlap', 'stop')).size === 3,
    )
    const [overlap, ...others] = faultsOf(trace)
    expect(others).toEqual([])
    const replaced = /^start the process that will replace (app-\d)$/.exec(overlap?.label ?? '')?.[1]
    expect(processesOf(after(trace, 'overlap', 'stop'))).toContain(replaced)
    const stop = after(trace, 'overlap').find(({ kind }) => kind === 'stop')
    expect(stop).toMatchObject({ actor: replaced, label: 'stop' })
  })

  test('is of several processes only', async () => {
    await expect(struck(alone, { ...world, instances: 1, faults: only('overlap') })).rejects.toThrow(
      /nothing like that/,
    )
  })
})

describe('a stall', () => {
  test('keeps one process from every step until it is over, and no other', async () => {
    const { trace } = await struck(elected, { ...world, faults: only('stall') }, simulation =>
      after(simulation.trace, 'stall', 'resume').some(({ actor }) => actor.startsWith('app-')),
    )
    const [stall] = faultsOf(trace)
    expect(stall?.label).toBe('its event loop stands still for 30 s')
    const stalled = after(trace, 'stall', 'resume')
    expect(stalled.map(({ actor }) => actor)).not.toContain(stall?.actor)
    const resume = trace.find(({ kind }) => kind === 'resume')
    expect(resume?.actor).toBe(stall?.actor)
    expect((resume?.timeMs ?? 0) - (stall?.timeMs ?? 0)).toBeGreaterThanOrEqual(LONG_MS)
    expect(after(trace, 'resume').map(({ actor }) => actor)).toContain(stall?.actor)
  })
})

describe('a skew', () => {
  test('moves the wall clock of one process, and not the time by which its timers run', async () => {
    const seen = new Map<string, Set<number>>()
    const timers = new Set<number>()
    let startMs = 0
    const make: MakeParts = ({ client, name }) => ({
      name: 'clock',
      start: ({ env: { clock } }: Client) => {
        startMs = client.env.clock.now() - client.env.clock.monotonic()
        const look = (left: number): void => {
          const offsets = seen.get(name) ?? new Set()
          seen.set(name, offsets.add(clock.now() - clock.monotonic() - startMs))
          const setMs = clock.monotonic()
          const next = (): void => {
            timers.add(clock.monotonic() - setMs)
            look(left - 1)
          }
          if (left > 0) clock.after(100, next)
        }
        look(50)
      },
      stop: () => {},
    })
    const faults = only('skew', {
      target: ({ actor, label }) => actor === 'app-1' && label.endsWith('ahead'),
    })
    const { trace } = await struck(
      make,
      { ...world, instances: 2, faults },
      () => seen.get('app-1')?.size === 2,
    )
    expect(faultsOf(trace)).toMatchObject([
      { kind: 'skew', actor: 'app-1', label: 'its clock jumps 30 s ahead' },
    ])
    expect([...(seen.get('app-1') ?? [])].at(-1)).toBe(LONG_MS)
    expect(seen.get('app-2')).toEqual(new Set([0]))
    expect(timers).toEqual(new Set([100]))
  })
})

describe('a deposition', () => {
  test.each([
    ['take Lease default/apps', 'stranger'],
    ['take Lease default/apps-term', 'stranger'],
    ['delete Lease default/apps', undefined],
    ['delete Lease default/apps-term', undefined],
  ])('%s: exactly that, and afterwards a process leads', async (label, holder) => {
    const name = label.split('/')[1] ?? ''
    const deposed: { changes: number; holder: string | undefined }[] = []
    const rested: (string | undefined)[] = []
    const holderOf = (reader: Reader) =>
      reader.get(Lease, { namespace: 'default', name })?.spec.holderIdentity
    const looks = looking(({ step, changes, reader }) => {
      if (step.kind === 'depose') deposed.push({ changes: changes.length, holder: holderOf(reader) })
    })
    const rests = atRest('is looked at, at rest', ({ reader }) => rested.push(holderOf(reader)) > 0, {
      endings: 'both',
    })
    const faults = only('depose', { target: action => action.label === label })
    const { trace, violation } = await struck(elected, { ...world, invariants: [looks, rests], faults })
    expect(faultsOf(trace)).toMatchObject([{ kind: 'depose', actor: 'stranger', label }])
    // An execution is repeated, to see that it can be.
    expect(deposed).toEqual([
      { changes: 1, holder },
      { changes: 1, holder },
    ])
    expect(rested[0]).toMatch(/^app-/)
    expect(violation).toBeUndefined()
  })
})

describe('what happens to processes', () => {
  test.each(['shutdown', 'overlap', 'stall', 'skew'] as const)('%s: only to those aimed at', async kind => {
    const aims: FaultOptions = only(kind, {
      target: ({ actor, label }) => actor === 'app-2' || label.endsWith('app-2'),
    })
    const { trace } = await struck(elected, { ...world, faults: aims })
    const [fault, ...others] = faultsOf(trace)
    expect(others).toEqual([])
    expect(fault?.kind).toBe(kind)
    expect(`${fault?.actor} ${fault?.label}`).toMatch(kind === 'overlap' ? /app-2$/ : /^app-2 /)
  })

  test('none of it unasked where one process runs', async () => {
    const none = only('crash', { times: 0 })
    const asked = new Set(['overlap', 'stall', 'skew', 'shutdown', 'depose'])
    const faults = Object.fromEntries(Object.entries(none).filter(([kind]) => !asked.has(kind)))
    await expect(struck(alone, { ...world, faults })).rejects.toThrow(/nothing like that/)
  })
})
