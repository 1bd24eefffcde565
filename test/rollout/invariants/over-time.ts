import fc from 'fast-check'
import { expect, test } from 'vitest'
import { disruptionAllowance } from '../../../src/rollout/disruption/disruption-allowance.js'
import type { Grant } from '../../../src/rollout/disruption/open-grants.js'
import { openGrants } from '../../../src/rollout/disruption/open-grants.js'
import type { Group } from '../../../src/rollout/index.js'
import { planGroup, resolveBudget } from '../../../src/rollout/index.js'
import type { InstanceFailure } from '../../../src/rollout/instance-failure.js'
import { failuresSince, isCrashLoop } from '../../../src/rollout/instance-failure.js'
import type { EntryOutcome, LedgerEntry } from '../../../src/rollout/revision-ledger.js'
import {
  forgettable,
  mayBecome,
  nextNumber,
  stableEntry,
  undoTarget,
} from '../../../src/rollout/revision-ledger.js'
import { runningCluster } from '../fixtures/instant-cluster.js'
import { successors } from '../fixtures/phase-successors.js'
import { everyStep, everyWalk, total } from './counts-world.js'
import { countsPresets, REPLICAS } from './presets.js'

/** What is promised of all steps of a rollout together. */
export function testOverTime(runs: number): void {
  test('9. one rollout is under way, and one that was superseded never acts again', () => {
    everyWalk(runs, ({ outcomes }) => {
      const over = new Set<string>()
      for (const line of outcomes) {
        const [entry = '', outcome] = line.split(' ')
        expect(over.has(entry)).toBe(false)
        if (outcome !== 'failed') over.add(entry)
      }
    })
    everyStep(runs, ({ plan: { actions }, state, spec }) => {
      const entries = actions.flatMap(action => (action.op === 'outcome' ? [action.entry] : []))
      for (const entry of entries) expect([state?.entry, spec.entry]).toContain(entry)
    })
  })

  test('10. phases follow as they may; success means that all of the new one, and nothing else, is there', () => {
    everyStep(runs, ({ state, plan: { state: after, actions }, before, spec }) => {
      if (state?.entry === after.entry && state.phase !== after.phase)
        expect(successors[state.phase]).toContain(after.phase)
      const isOver = actions.some(action => action.op === 'outcome' && action.outcome === 'succeeded')
      if (!isOver) return
      for (const { template, size, available } of before) {
        expect(size).toBe(template === after.template ? spec.desired : 0)
        if (template === after.template) expect(available).toBe(spec.desired)
      }
    })
  })

  test('11. a gate that has failed is not passed later by itself', () => {
    // The waypoint at which an entry was turned down.
    const rejected = new Map<number, number>()
    everyStep(runs, ({ what, state: before, plan: { state, actions }, spec }) => {
      // Another walk, or a person who takes it back.
      if (spec.entry === 2 || what === 'approve') rejected.clear()
      for (const action of actions)
        if (action.op === 'outcome' && action.cause === 'rejected')
          rejected.set(action.entry, before?.entry === action.entry ? before.waypoint : 0)
      const at = rejected.get(state.entry)
      if (at === undefined) return
      expect(state.waypoint).toBeLessThanOrEqual(at)
      expect(state.phase).not.toBe('succeeded')
    })
  })

  test('12. a way back leads to exactly what succeeded last, and leaves the count', () => {
    everyStep(runs, ({ plan: { actions, state }, spec }) => {
      for (const action of actions) {
        if (action.op !== 'revert') continue
        expect(action.template).toBe(spec.stable)
        expect(state).toMatchObject({ template: spec.stable, entry: action.entry, desired: spec.desired })
      }
    })
  })

  test('13. numbers of the ledger only grow, and what is live, stable, newest or pinned is not forgotten', () => {
    const deed = fc.record({
      template: fc.constantFrom('a', 'b', 'c', 'd'),
      outcome: fc.constantFrom<EntryOutcome[]>('succeeded', 'failed', 'superseded'),
      pinned: fc.nat(5).map(number => number === 0),
    })
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 12 }), fc.nat(2), (deeds, limit) => {
        let ledger: LedgerEntry[] = []
        let last = 0
        for (const { template, outcome, pinned } of deeds) {
          const number = nextNumber(ledger)
          expect(number).toBeGreaterThan(last)
          last = number
          const before: EntryOutcome = 'progressing'
          const fared = mayBecome(before, outcome) ? outcome : before
          ledger.push({ number, templateHash: template, cause: 'update', outcome: fared, pinned })
          const live = new Set([template])
          const gone = forgettable(ledger, { live, limit })
          const stable = stableEntry(ledger)
          for (const entry of gone) {
            expect([number, stable?.number]).not.toContain(entry.number)
            expect(entry.pinned).not.toBe(true)
          }
          ledger = ledger.filter(entry => !gone.includes(entry))
          const target = undoTarget(ledger, template)
          if (target.kind === 'entry') expect(target.entry).toMatchObject({ outcome: 'succeeded' })
        }
      }),
      { numRuns: 20 * runs },
    )
  })

  test('14. there are no more automatic reverts in a row than allowed, and none to the same template', () => {
    everyStep(runs, ({ plan: { actions, state }, spec, program }) => {
      for (const action of actions)
        if (action.op === 'revert') expect(action.template).not.toBe(spec.template)
      expect(state.reverts).toBeLessThanOrEqual(program.onFailure.maxReverts ?? 1)
    })
  })

  test('15. failures are counted by instance, those of this rollout only', () => {
    const failure: fc.Arbitrary<InstanceFailure> = fc.record({
      id: fc.nat(5).map(id => `i${id}`),
      atMs: fc.nat(200_000),
      cause: fc.constantFrom('crash', 'exit'),
    })
    fc.assert(
      fc.property(fc.array(failure, { maxLength: 12 }), fc.nat(200_000), (failures, sinceMs) => {
        const counted = failuresSince(failures, sinceMs)
        const own = failures.filter(({ atMs }) => atMs >= sinceMs)
        expect(counted).toHaveLength(new Set(own.map(({ id }) => id)).size)
        // Told twice, or read again after a restart, they are no more.
        expect(failuresSince([...failures, ...failures], sinceMs)).toEqual(counted)
        expect(isCrashLoop([...failures, ...failures], sinceMs)).toBe(isCrashLoop(failures, sinceMs))
        if (counted.length < 3) expect(isCrashLoop(failures, sinceMs)).toBe(false)
      }),
      { numRuns: 20 * runs },
    )
  })

  test('16. paused, nothing happens but healing and scaling, and no deadline comes nearer', () => {
    everyStep(runs, ({ spec, state, plan: { actions, state: after }, before, nowMs, after: sets }) => {
      if (!spec.paused || state?.pausedAtMs === undefined || after.entry !== state.entry) return
      expect(actions.filter(({ op }) => op !== 'size')).toEqual([])
      expect(after.pausedAtMs).toBe(state.pausedAtMs)
      expect(after.progressAtMs).toBeGreaterThanOrEqual(state.progressAtMs)
      expect(Math.max(after.startedAtMs, after.progressAtMs)).toBeLessThanOrEqual(state.pausedAtMs)
      const kept = after.held?.sizes ?? {}
      // What has failed heals its floor, whoever paused it then, and does not grow by itself.
      if (after.failure?.entry === after.entry) {
        for (const { template, size } of before) {
          const now = sets.find(set => set.template === template)?.size ?? 0
          if (template === spec.template) expect(now).toBeLessThanOrEqual(Math.max(size, kept[template] ?? 0))
        }
        return
      }
      // Above the ceiling what does not work goes, whatever its own size.
      const { ceil } = resolveBudget(spec.program.budget, spec.desired)
      const isAbove = total(before, 'size') > ceil
      for (const { template, size } of isAbove ? [] : before) {
        const [wanted = 0, now = 0] = [kept[template], sets.find(set => set.template === template)?.size]
        expect(Math.abs(now - wanted)).toBeLessThanOrEqual(Math.abs(size - wanted))
      }
      if (before.every(({ template, size }) => size === (kept[template] ?? 0))) expect(actions).toEqual([])
      expect(nowMs).toBeGreaterThanOrEqual(after.pausedAtMs ?? 0)
    })
  })

  test('17. what has a share of the traffic has the instances for it', () => {
    for (const program of Object.values(countsPresets)) {
      if (program.barrier === true) continue
      const cluster = runningCluster(REPLICAS, program)
      cluster.traffic = { acknowledged: true }
      cluster.roll('b', {
        answers: ['lead', 'promote'].map(gate => ({ gate, answer: 'pass', by: 'ann', atMs: 0 })),
      })
      const { floor, surge } = resolveBudget(program.budget, REPLICAS)
      const base = surge > 0 ? REPLICAS : floor
      for (let step = 0; step < 30; step++) {
        const before = cluster.traffic?.weights
        cluster.step()
        const { weights = [] } = cluster.traffic ?? {}
        const sum = weights.reduce((all, { weight }) => all + weight, 0)
        for (const { template, weight } of weights) {
          const share = before?.find(each => each.template === template)?.weight ?? 0
          const available = cluster.sets.get(template)?.available ?? 0
          if (weight > share && before !== undefined)
            expect(available).toBeGreaterThanOrEqual(Math.ceil((weight * base) / sum - 1e-9))
        }
        for (const [name, set] of cluster.sets) cluster.sets.set(name, { ...set, available: set.size })
        cluster.nowMs += 10_000
      }
      expect(cluster.sizes()).toEqual({ b: REPLICAS })
      expect(
        cluster.traffic?.weights?.filter(({ weight }) => weight > 0).map(({ template }) => template),
      ).toEqual(['b'])
    }
  })

  test('18. a member of a group changes after all that it depends on, and stops before it; a cycle is refused', () => {
    const edges = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 })
    const groupOf = (pairs: readonly (readonly [number, number])[], template: string): Group =>
      new Map(
        Array.from({ length: 8 }, (_, member) => {
          const dependsOn = pairs
            .filter(([from, to]) => from === member && to < from)
            .map(([, to]) => `m${to}`)
          return [`m${member}`, { template, replicas: 1, dependsOn: [...new Set(dependsOn)] }] as const
        }),
      )
    fc.assert(
      fc.property(edges, pairs => {
        const [one, two] = [groupOf(pairs, '1'), groupOf(pairs, '2')]
        const stageOf = (stages: ReturnType<typeof planGroup>, member: string): number =>
          stages.findIndex(stage => stage.some(change => change.member === member))
        const [up, down] = [planGroup(one, two), planGroup(one, new Map())]
        for (const [member, { dependsOn = [] }] of one)
          for (const other of dependsOn) {
            expect(stageOf(up, member)).toBeGreaterThan(stageOf(up, other))
            expect(stageOf(down, member)).toBeLessThan(stageOf(down, other))
          }
      }),
      { numRuns: 10 * runs },
    )
    const circle: Group = new Map([
      ['a', { template: '1', replicas: 1, dependsOn: ['b'] }],
      ['b', { template: '1', replicas: 1, dependsOn: ['a'] }],
    ])
    expect(() => planGroup(new Map(), circle)).toThrow(expect.objectContaining({ code: 'Invalid' }))
  })

  test('19. no more is granted at any time than a budget allows, whoever asks', () => {
    const ask = fc.record({ task: fc.nat(5), afterMs: fc.nat(90_000), leaves: fc.boolean() })
    fc.assert(
      fc.property(
        fc.array(ask, { maxLength: 12 }),
        fc.integer({ min: 0, max: 3 }),
        (asks, maxUnavailable) => {
          const timeOf = (ms: number): string => new Date(ms).toISOString()
          let [nowMs, present] = [0, ['0', '1', '2', '3', '4', '5']]
          let grants: readonly Grant[] = []
          for (const { task, afterMs, leaves } of asks) {
            nowMs += afterMs
            const tasks = present.map(uid => ({
              metadata: { uid, creationTimestamp: timeOf(0), labels: {} },
            }))
            const open = openGrants(grants, tasks, nowMs)
            const healthy = present.length - open.tasks.size
            const { disruptionsAllowed } = disruptionAllowance({ maxUnavailable }, { expected: 6, healthy })
            if (disruptionsAllowed > 0 && present.includes(`${task}`) && !open.tasks.has(`${task}`))
              grants = [...open.grants, { time: timeOf(nowMs), task: `${task}` }]
            const given = openGrants(grants, tasks, nowMs).tasks.size
            expect(given + 6 - present.length).toBeLessThanOrEqual(maxUnavailable)
            if (leaves) present = present.filter(uid => !openGrants(grants, tasks, nowMs).tasks.has(uid))
          }
        },
      ),
      { numRuns: 10 * runs },
    )
  })
}
