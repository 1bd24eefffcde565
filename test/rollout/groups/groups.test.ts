import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type {
  Group,
  GroupChange,
  GroupMember,
  GroupRolloutState,
  MemberStanding,
} from '../../../src/rollout/index.js'
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

const one = (dependsOn: readonly string[] = [], replicas = 1): GroupMember => ({
  template: '1',
  replicas,
  dependsOn,
})

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

  test('keeps what it added where others depend on it by now', () => {
    const target = new Map([
      ['cache', one()],
      ['disk', one()],
    ])
    target.set('cache', one(['disk']))
    const current = new Map([...target, ['theirs', one(['cache'])]])
    const reverted = revertGroup(new Map(), target, current)
    expect(Object.fromEntries(reverted)).toEqual(Object.fromEntries(current))
    expect(planGroup(current, reverted)).toEqual([])
  })
})

describe('any group on its way', () => {
  test('arrives, or is where it was, and nobody waits for what has failed', () => {
    const failing = fc.subarray(NAMES, { maxLength: 2 })
    fc.assert(
      fc.property(group, group, failing, (from, to, broken) => {
        const there = new Map(
          [...from].map(([name, { template, replicas }]) => [name, { template, replicas }]),
        )
        const isAsked = ({ member, template, replicas }: GroupChange): boolean =>
          template === undefined
            ? !there.has(member)
            : there.get(member)?.template === template && there.get(member)?.replicas === replicas
        let state: GroupRolloutState | undefined
        const standing = (change: GroupChange): MemberStanding => {
          if (!isAsked(change)) return 'progressing'
          return state?.phase === 'progressing' && broken.includes(change.member) ? 'failed' : 'succeeded'
        }
        for (let round = 0; round < 40; round++) {
          const step = stepGroup({ from, to }, state, standing, 'revert')
          state = step.state
          for (const { member, template, replicas } of step.changes) {
            if (template === undefined) there.delete(member)
            else there.set(member, { template, replicas })
          }
        }
        const mayFail = planGroup(from, to)
          .flat()
          .some(({ member }) => broken.includes(member))
        expect(state?.phase).toBe(mayFail ? 'reverted' : 'succeeded')
        const wanted = [...(mayFail ? from : to)].map(([name, { template, replicas }]) => [
          name,
          { template, replicas },
        ])
        expect(Object.fromEntries(there)).toEqual(Object.fromEntries(wanted))
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

  const wholly = (standing: MemberStanding) => (): MemberStanding => standing

  /** What is there, as a loop keeps it that steps again and again and does what it is told. */
  function cluster(groups: { readonly from: Group; readonly to: Group }, failing: readonly string[] = []) {
    const templates = new Map([...groups.from].map(([name, { template }]) => [name, template]))
    const asked: string[] = []
    let state: GroupRolloutState | undefined
    /** A member that cannot run what is asked stays failed until something else is asked of it. */
    const standing = ({ member, template }: GroupChange): MemberStanding =>
      templates.get(member) !== template
        ? 'progressing'
        : failing.includes(`${member}:${template}`)
          ? 'failed'
          : 'succeeded'
    return {
      asked,
      templates,
      get state() {
        return state
      },
      step(action: 'stop' | 'continue' | 'revert', { isCutOff = false, now = groups } = {}) {
        const step = stepGroup(now, state, standing, action)
        state = JSON.parse(JSON.stringify(step.state)) as GroupRolloutState
        if (isCutOff) return
        for (const { member, template } of step.changes) {
          if (templates.get(member) !== template) asked.push(`${member}:${template ?? 'gone'}`)
          if (template === undefined) templates.delete(member)
          else templates.set(member, template)
        }
      },
    }
  }

  test.each([
    ['stop', [], 'succeeded', ['db:2', 'api:2', 'web:2']],
    ['stop', ['api:2'], 'stopped', ['db:2', 'api:2']],
    ['continue', ['api:2'], 'succeeded', ['db:2', 'api:2', 'web:2']],
    ['revert', ['api:2'], 'reverted', ['db:2', 'api:2', 'api:1', 'db:1']],
    ['revert', ['api:2', 'db:1'], 'stopped', ['db:2', 'api:2', 'api:1', 'db:1']],
  ] as const)('with %s, where %j fail, is %s in the end', (action, failing, phase, asked) => {
    const there = cluster({ from, to }, failing)
    for (let round = 0; round < 12; round++) there.step(action)
    expect([there.state?.phase, there.asked]).toEqual([phase, asked])
    expect(there.state?.failed ?? []).toEqual(failing.map(one => one.slice(0, -2)).sort())
  })

  test('is where it was after a revert, whenever what it was told was not done', () => {
    for (let cut = 0; cut < 12; cut++) {
      const there = cluster({ from, to }, ['web:2'])
      for (let round = 0; round < 16; round++) there.step('revert', { isCutOff: round === cut })
      expect([there.state?.phase, Object.fromEntries(there.templates)]).toEqual([
        'reverted',
        { db: '1', api: '1', web: '1' },
      ])
    }
  })

  test.each([
    ['loses a member', new Map([['db', app('2')]])],
    ['gets one more', new Map([...to, ['cache', app('1', ['web'])]])],
    ['is to be as it was', from],
    ['has another template', new Map([...to, ['db', app('3')]])],
  ] as const)('begins again when it %s in the middle, also of a revert', (_what, other: Group) => {
    for (let before = 0; before < 8; before++) {
      const there = cluster({ from, to }, ['api:2'])
      for (let round = 0; round < before; round++) there.step('revert')
      const current = new Map(
        [...there.templates].map(([name, template]) => [
          name,
          { template, replicas: 1, dependsOn: from.get(name)?.dependsOn ?? [] },
        ]),
      )
      for (let round = 0; round < 12; round++) there.step('continue', { now: { from: current, to: other } })
      expect(there.state?.phase).toBe('succeeded')
      expect(Object.fromEntries(there.templates)).toEqual(
        Object.fromEntries([...other].map(([name, { template }]) => [name, template])),
      )
    }
  })

  test('waits for all of a stage', () => {
    const first = stepGroup({ from, to }, undefined, wholly('progressing'))
    expect(first).toMatchObject({
      state: { phase: 'progressing', stage: 0 },
      changes: [{ op: 'update', member: 'db', template: '2', replicas: 1 }],
      waitsFor: ['db'],
    })
    expect(stepGroup({ from, to }, first.state, wholly('progressing'))).toEqual(first)
  })

  test('to where it is has nothing to do', () => {
    expect(stepGroup({ from, to: from }, undefined, wholly('progressing')).state.phase).toBe('succeeded')
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
