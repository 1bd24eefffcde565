import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EvictionBudget, Scheduler, TaskPlacement } from '../../src/scheduling/index.js'
import { createScheduler, placeGang, planGangPreemption } from '../../src/scheduling/index.js'

const world = fc.record({
  cpus: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
  running: fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 3 }),
      priority: fc.integer({ min: 0, max: 6 }),
      node: fc.nat(2),
      budget: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    }),
    { maxLength: 7 },
  ),
  sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  spare: fc.nat(2),
  apart: fc.boolean(),
  allowed: fc.record({ x: fc.nat(2), y: fc.nat(2) }),
})

type World = typeof world extends fc.Arbitrary<infer T> ? T : never

const PRIORITY = 5

function build({ cpus, running, sizes, spare, apart }: World) {
  const scheduler = createScheduler()
  for (const [index, cpu] of cpus.entries()) scheduler.addNode({ name: `n${index}`, allocatable: { cpu } })
  for (const [index, { cpu, priority, node, budget }] of running.entries())
    scheduler.addTask({
      key: `r${index}${budget ?? ''}`,
      node: `n${node % cpus.length}`,
      requests: { cpu },
      priority,
    })
  const affinity = [{ kind: 'antiAffinity', attribute: 'hostname' } as const]
  const members = sizes.map((cpu, index) => ({
    key: `m${index}`,
    requests: { cpu },
    priority: PRIORITY,
    ...(apart ? { group: 'gang', affinity } : {}),
  }))
  return { scheduler, gang: { name: 'gang', members, min: Math.max(1, members.length - spare) } }
}

const without = (scheduler: Scheduler, gone: readonly TaskPlacement[]): Scheduler => {
  const copy = scheduler.fork()
  for (const { key } of gone) copy.removeTask(key)
  return copy
}

const allOn = (scheduler: Scheduler): readonly TaskPlacement[] =>
  scheduler.nodes().flatMap(({ name }) => scheduler.tasksOn(name))

describe('a plan that makes room for a gang', () => {
  test('is there if there is one, makes room for the minimum, takes lower priorities only, and none in vain', () => {
    fc.assert(
      fc.property(world, made => {
        const { scheduler, gang } = build(made)
        const before = allOn(scheduler)
        const plan = planGangPreemption(scheduler, gang)
        expect(allOn(scheduler)).toEqual(before)
        const fits = (copy: Scheduler): boolean => placeGang(copy, gang).kind === 'placed'
        const lower = before.filter(({ priority = 0 }) => priority < PRIORITY)
        if (fits(scheduler.fork())) {
          expect(plan).toEqual({ kind: 'none', why: 'FitsAlready' })
          return
        }
        if (plan.kind === 'none') {
          expect(plan.why).toBe('NoVictims')
          expect(fits(without(scheduler, lower))).toBe(false)
          return
        }
        const { placements, victims } = plan
        expect(placements.length).toBeGreaterThanOrEqual(gang.min)
        expect(victims.every(({ priority = 0 }) => priority < PRIORITY)).toBe(true)
        const placesAll = (gone: readonly TaskPlacement[]): boolean => {
          const copy = without(scheduler, gone)
          return placements.every(({ request, node }) => copy.placeOn(request, node).kind === 'placed')
        }
        expect(placesAll(victims)).toBe(true)
        for (const victim of victims) expect(placesAll(victims.filter(one => one !== victim))).toBe(false)
      }),
      { numRuns: 100, seed: 29 },
    )
  })

  test('goes beyond no budget that is hard, and names those that hold victims back', () => {
    fc.assert(
      fc.property(world, made => {
        const { scheduler, gang } = build(made)
        const budgetOf = ({ key }: TaskPlacement): 'x' | 'y' | undefined =>
          key.endsWith('x') ? 'x' : key.endsWith('y') ? 'y' : undefined
        const budgetsOf = (task: TaskPlacement): readonly EvictionBudget[] => {
          const name = budgetOf(task)
          return name === undefined ? [] : [{ name, allowed: made.allowed[name] }]
        }
        const plan = planGangPreemption(scheduler, gang, { budgetsOf })
        if (plan.kind === 'none') {
          const free = planGangPreemption(scheduler, gang)
          // What budgets prevent is said to be prevented by them.
          if (free.kind === 'preempt') expect(plan.why).toBe('Budgets')
          return
        }
        expect([plan.violations, plan.exceeded]).toEqual([0, []])
        for (const name of ['x', 'y'] as const)
          expect(plan.victims.filter(task => budgetOf(task) === name).length).toBeLessThanOrEqual(
            made.allowed[name],
          )
      }),
      { numRuns: 60, seed: 31 },
    )
  })

  test('gives each member the devices that it has when the victims are gone', () => {
    const scheduler = createScheduler()
    const devices = ['0', '1'].map(id => ({ kind: 'gpu', id }))
    scheduler.addNode({ name: 'n', allocatable: {}, devices })
    for (const id of ['0', '1'])
      scheduler.addTask({
        key: `low-${id}`,
        node: 'n',
        devices: [{ kind: 'gpu' }],
        held: [{ kind: 'gpu', ids: [id] }],
      })
    const members = ['a', 'b'].map(key => ({ key, devices: [{ kind: 'gpu' }], priority: 1 }))
    expect(planGangPreemption(scheduler, { name: 'g', members })).toMatchObject({
      placements: [
        { request: members[0], node: 'n', held: [{ kind: 'gpu', ids: ['0'] }] },
        { request: members[1], node: 'n', held: [{ kind: 'gpu', ids: ['1'] }] },
      ],
      victims: [{ key: 'low-0' }, { key: 'low-1' }],
    })
  })

  test('is refused for a minimum that cannot be', () => {
    expect(() => planGangPreemption(createScheduler(), { name: 'g', members: [], min: 1 })).toThrow(/min/)
  })
})
