import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Group, GroupMember, GroupRolloutState, MemberStanding } from '../../../src/rollout/index.js'
import { admitGroup, planGroup, revertGroup, stepGroup } from '../../../src/rollout/index.js'

const NAMES = ['a', 'b', 'c', 'd', 'e', 'f']

/** Any group without cycles: a member depends on earlier ones of a shuffled order. */
const group: fc.Arbitrary<Group> = fc.shuffledSubarray(NAMES).chain(names =>
  fc
    .tuple(
      ...names.map((_, index) =>
        fc.record({
          template: fc.constantFrom('1', '2'),
          replicas: fc.nat(3),
          dependsOn: fc.subarray(names.slice(0, index)),
        }),
      ),
    )
    .map(members => new Map(names.map((name, index) => [name, members[index] as GroupMember]))),
)

const shown = (stages: ReturnType<typeof planGroup>): string =>
  stages
    .map(stage => stage.map(({ op, member, replicas }) => `${op} ${member}×${replicas}`).join(', '))
    .join(' | ')
const needs = (of: Group, name: string): ReadonlySet<string> => {
  const found = new Set(of.get(name)?.dependsOn ?? [])
  for (const one of found) for (const on of of.get(one)?.dependsOn ?? []) found.add(on)
  return found
}

describe('the stages of a group', () => {
  test('lead from one to the other, each member once', () => {
    fc.assert(
      fc.property(group, group, (from, to) => {
        const changes = planGroup(from, to).flat()
        expect(new Set(changes.map(({ member }) => member)).size).toBe(changes.length)
        const after = new Map(
          [...from].map(([name, { template, replicas }]) => [name, `${template}×${replicas}`]),
        )
        for (const { op, member, replicas } of changes) {
          if (op === 'stop') after.delete(member)
          else
            after.set(
              member,
              `${op === 'scale' ? from.get(member)?.template : to.get(member)?.template}×${replicas}`,
            )
        }
        expect(Object.fromEntries(after)).toEqual(
          Object.fromEntries(
            [...to].map(([name, { template, replicas }]) => [name, `${template}×${replicas}`]),
          ),
        )
      }),
    )
  })

  test('change nothing before what it depends on has arrived, and stop nothing before what depends on it', () => {
    fc.assert(
      fc.property(group, group, (from, to) => {
        const stages = planGroup(from, to)
        const stageOf = new Map(
          stages.flatMap((stage, index) => stage.map(change => [change.member, { ...change, index }])),
        )
        for (const { op, member, index } of stageOf.values()) {
          const isSmaller =
            op === 'scale' && (to.get(member)?.replicas ?? 0) < (from.get(member)?.replicas ?? 0)
          for (const on of needs(op === 'stop' ? from : to, member)) {
            const other = stageOf.get(on)
            if (other === undefined) continue
            if (op === 'stop' && other.op === 'stop') expect(index).toBeLessThan(other.index)
            const otherIsSmaller =
              other.op === 'scale' && (to.get(on)?.replicas ?? 0) < (from.get(on)?.replicas ?? 0)
            if (op !== 'stop' && !isSmaller && !otherIsSmaller) expect(index).toBeGreaterThan(other.index)
            if (isSmaller && otherIsSmaller) expect(index).toBeLessThan(other.index)
          }
        }
      }),
    )
  })

  test('do not depend on the order of the members', () => {
    fc.assert(
      fc.property(group, group, (from, to) => {
        const reversed = (of: Group): Group => new Map([...of].reverse())
        expect(planGroup(reversed(from), reversed(to))).toEqual(planGroup(from, to))
      }),
    )
  })

  const one = (dependsOn: readonly string[] = [], replicas = 1): GroupMember => ({
    template: '1',
    replicas,
    dependsOn,
  })

  test.each<[string, Group, string]>([
    [
      'a cycle',
      new Map([
        ['x', one()],
        ['a', one(['b'])],
        ['b', one(['c'])],
        ['c', one(['b', 'x'])],
      ]),
      'b → c → b',
    ],
    ['itself', new Map([['a', one(['a'])]]), 'a → a'],
    ['a stranger', new Map([['a', one(['z'])]]), 'a.dependsOn: '],
    ['half an instance', new Map([['a', one([], 0.5)]]), 'a.replicas: '],
    ['too many', new Map(Array.from({ length: 10_001 }, (_, id) => [`${id}`, one()])), 'members: '],
  ])('refuse %s', (_what, wrong, message) => {
    expect(() => planGroup(new Map(), wrong)).toThrow(
      expect.objectContaining({ code: 'Invalid', message: expect.stringContaining(message) }),
    )
  })

  test('take a chain of 10,000 and a stack of diamonds without depth or doubling', () => {
    const chain = new Map(
      Array.from({ length: 10_000 }, (_, id) => [
        `m${id}`,
        one(id === 0 ? [] : id === 1 ? ['m0'] : [`m${id - 1}`, `m${id - 2}`]),
      ]),
    )
    expect(planGroup(new Map(), chain)).toHaveLength(10_000)
  })
})

describe('a group that is changed back', () => {
  test('is what it was, where nobody else has changed it, and what they made of it elsewhere', () => {
    fc.assert(
      fc.property(group, group, group, (original, target, foreign) => {
        expect(Object.fromEntries(revertGroup(original, target, target))).toEqual(
          Object.fromEntries(original),
        )
        const current = new Map([...target, ...foreign])
        const reverted = revertGroup(original, target, current)
        for (const [name, member] of foreign)
          if (JSON.stringify(member) !== JSON.stringify(target.get(name)))
            expect(reverted.get(name)).toBe(member)
      }),
    )
  })
})

describe('a group on its way', () => {
  const app = (template: string, dependsOn: readonly string[] = []): GroupMember => ({
    template,
    replicas: 1,
    dependsOn,
  })
  const from: Group = new Map([
    ['db', app('1')],
    ['api', app('1', ['db'])],
    ['web', app('1', ['api'])],
  ])
  const to: Group = new Map([
    ['db', app('2')],
    ['api', app('2', ['db'])],
    ['web', app('2', ['api'])],
  ])

  /** Steps until nothing is asked any more; members fail as told. */
  function walk(action: 'stop' | 'continue' | 'revert', failing: readonly string[]) {
    let state: GroupRolloutState | undefined
    const asked: string[] = []
    let standings = new Map<string, MemberStanding>()
    for (let round = 0; round < 30; round++) {
      const step = stepGroup({ from, to }, state, standings, action)
      state = JSON.parse(JSON.stringify(step.state)) as GroupRolloutState
      if (step.changes.length > 0) asked.push(step.changes.map(({ member }) => member).join())
      const isThere = state.phase === 'progressing'
      standings = new Map(
        step.changes.map(
          ({ member }) => [member, isThere && failing.includes(member) ? 'failed' : 'succeeded'] as const,
        ),
      )
    }
    return { phase: state?.phase, failed: state?.failed, asked }
  }

  test.each([
    ['stop', [], 'succeeded', ['db', 'api', 'web']],
    ['stop', ['api'], 'stopped', ['db', 'api']],
    ['continue', ['api'], 'succeeded', ['db', 'api', 'web']],
    ['revert', ['api'], 'reverted', ['db', 'api', 'api', 'db']],
  ] as const)('with %s, where %j fail, is %s in the end', (action, failing, phase, asked) => {
    const walked = walk(action, failing)
    expect([walked.phase, walked.asked, walked.failed ?? []]).toEqual([phase, asked, failing])
  })

  test('waits for all of a stage, and one that fails on the way back stops it', () => {
    const begun = stepGroup({ from, to }, undefined, new Map())
    expect(begun).toEqual({
      state: { phase: 'progressing', stage: 0 },
      changes: [{ op: 'update', member: 'db', replicas: 1 }],
      waitsFor: ['db'],
    })
    const back = stepGroup({ from, to }, begun.state, new Map([['db', 'failed']]), 'revert')
    expect(back.state.phase).toBe('reverting')
    expect(stepGroup({ from, to }, back.state, new Map([['db', 'failed']]), 'revert').state.phase).toBe(
      'stopped',
    )
  })

  test('to where it is has nothing to do', () => {
    expect(stepGroup({ from, to: from }, undefined, new Map()).state.phase).toBe('succeeded')
    expect(shown(planGroup(from, from))).toBe('')
  })

  test.each([
    ['supersede', 'start'],
    ['queue', 'wait'],
    ['reject', 'rejected'],
  ] as const)('meets another one that shares a member: %s', (policy, kind) => {
    const running = new Map([
      ['one', ['a', 'b']],
      ['two', ['c']],
    ])
    expect(admitGroup(['b', 'd'], running, policy)).toEqual({ kind, others: ['one'] })
    expect(admitGroup(['d'], running, policy)).toEqual({ kind: 'start', others: [] })
    expect(() => admitGroup([], running, 'force' as 'queue')).toThrow(/policy: /)
  })
})
