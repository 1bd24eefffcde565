import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Gang, Scheduler, TaskPlacement } from '../../src/scheduling/index.js'
import { applyPlan, createScheduler, placeGang, schedulePass } from '../../src/scheduling/index.js'

/** A gang of tasks that all take one cpu, by numbers alone. */
interface PlainGang {
  readonly members: number
  readonly min: number
  readonly groups: readonly PlainGang[]
  readonly minGroups: number
}

const { gang: gangArbitrary } = fc.letrec<{ gang: PlainGang }>(tie => ({
  gang: fc
    .record({
      members: fc.nat(3),
      spare: fc.nat(2),
      groups: fc.oneof({ maxDepth: 2 }, fc.constant([]), fc.array(tie('gang'), { maxLength: 3 })),
      spareGroups: fc.nat(1),
    })
    .map(({ members, spare, groups, spareGroups }) => ({
      members,
      min: Math.max(0, members - spare),
      groups,
      minGroups: Math.max(0, groups.length - spareGroups),
    })),
}))

/** How many must be placed: its own, and those of the groups that need fewest. */
function needOf({ min, groups, minGroups }: PlainGang): number {
  const needs = groups.map(needOf).sort((a, b) => a - b)
  return needs.slice(0, minGroups).reduce((sum, need) => sum + need, min)
}

function gangOf(plain: PlainGang, name: string): Gang {
  return {
    name,
    members: Array.from({ length: plain.members }, (_, at) => ({
      key: `${name}/${at}`,
      requests: { cpu: 1 },
    })),
    min: plain.min,
    groups: plain.groups.map((group, at) => gangOf(group, `${name}.${at}`)),
    minGroups: plain.minGroups,
  }
}

/** Whether it has its minimum, or nothing of it is there. */
function isWholeOrNone(plain: PlainGang, name: string, placed: ReadonlySet<string>): boolean {
  const own = [...placed].filter(key => key.startsWith(`${name}/`)).length
  const isThere = ({ name: group }: { readonly name: string }): boolean =>
    [...placed].some(key => key.startsWith(`${group}/`) || key.startsWith(`${group}.`))
  const groups = plain.groups.map((group, at) => ({ group, name: `${name}.${at}` }))
  if (own === 0 && !groups.some(isThere)) return true
  const whole = groups.filter(one => isThere(one) || needOf(one.group) === 0)
  return (
    own >= plain.min &&
    whole.length >= plain.minGroups &&
    groups.every(one => isWholeOrNone(one.group, one.name, placed))
  )
}

function everything(scheduler: Scheduler): readonly TaskPlacement[] {
  return scheduler.nodes().flatMap(({ name }) => scheduler.tasksOn(name))
}

describe('a gang with groups', () => {
  test('is placed exactly if all that must be has room; what is beyond that takes nothing from what must be', () => {
    fc.assert(
      fc.property(gangArbitrary, fc.nat(12), fc.boolean(), (plain, room, isReserved) => {
        const scheduler = createScheduler()
        scheduler.addNode({ name: 'n1', allocatable: { cpu: Math.ceil(room / 2) } })
        scheduler.addNode({ name: 'n2', allocatable: { cpu: Math.floor(room / 2) } })
        if (isReserved && room > 1)
          scheduler.reserve({ name: 'hold', node: 'n1', forKey: 'g/0', requests: { cpu: 1 } })
        const before = everything(scheduler)
        const result = placeGang(scheduler, gangOf(plain, 'g'))
        // What is held for a member is of use to the gang, and to no other when the gang has no such member.
        const usable = room - (isReserved && room > 1 && plain.members === 0 ? 1 : 0)
        const isHeldBack = isReserved && room > 1 && plain.members > 0 && plain.min === 0
        if (!isHeldBack) expect(result.kind === 'placed').toBe(needOf(plain) <= usable)
        if (result.kind === 'placed')
          expect(isWholeOrNone(plain, 'g', new Set(result.nodes.keys()))).toBe(true)
        else expect(everything(scheduler)).toEqual(before)
      }),
      { numRuns: 150, seed: 31 },
    )
  })
})

describe('room that is held for a task', () => {
  function reserved(): Scheduler {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: { cpu: 2 } })
    scheduler.reserve({
      name: 'hold',
      node: 'n',
      forKey: 'a',
      requests: { cpu: 1 },
      hostPorts: [{ port: 80 }],
    })
    return scheduler
  }
  const ask = (key: string, cpu: number) => ({ key, requests: { cpu } })

  test('is held still when the gang of the task is refused', () => {
    const scheduler = reserved()
    const [before, version] = [everything(scheduler), scheduler.nodeVersion('n')]
    expect(placeGang(scheduler, { name: 'g', members: [ask('a', 1), ask('b', 2)] }).kind).toBe(
      'unschedulable',
    )
    expect(everything(scheduler)).toEqual(before)
    expect(scheduler.nodeVersion('n')).toBe(version)
    expect(() => placeGang(scheduler, { name: 'g', members: [ask('a', 1), ask('b', -1)] })).toThrow(
      /requests.cpu/,
    )
    expect(everything(scheduler)).toEqual(before)
  })

  test('is held still when a group of the gang is left out', () => {
    const scheduler = reserved()
    const groups = [
      { name: 'x', members: [ask('a', 1), ask('c', 2)] },
      { name: 'y', members: [ask('b', 1)] },
    ]
    expect(placeGang(scheduler, { name: 'g', groups, minGroups: 1 })).toMatchObject({ kind: 'placed' })
    expect(everything(scheduler).map(({ key }) => key)).toEqual(['b', 'hold'])
  })

  test.each([true, false])('is held still when a plan with the task does not hold, atomic %s', atomic => {
    const scheduler = reserved()
    const before = everything(scheduler)
    const placements = [ask('a', 1), ask('b', 2)].map(request => ({ request, node: 'n', nodeVersion: 0 }))
    expect(applyPlan(scheduler, { placements, unschedulable: [] }, { atomic }).committed).toEqual([])
    expect(everything(scheduler)).toEqual(before)
  })

  test('is held still when the gang of the task waits in a queue', () => {
    const scheduler = reserved()
    const before = everything(scheduler)
    const queue = [ask('a', 1), ask('b', 2)].map(request => ({ request, createdAtMs: 0, gang: 'g' }))
    expect(schedulePass(scheduler, queue, { minMembers: () => 2 }).placed.size).toBe(0)
    expect(everything(scheduler)).toEqual(before)
  })
})
