import { describe, expect, test } from 'vitest'
import type { LaunchSpec, Offer, Session } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

const task = (id: string, agent?: string): LaunchSpec => ({
  id,
  need: { cpus: 3 },
  ...(agent === undefined ? {} : { agent }),
})

function offered(): { world: PoolWorld; session: Session; offers: readonly Offer[] } {
  const world = new PoolWorld()
  for (const id of ['a1', 'a2', 'a3']) world.agent(id)
  const session = world.pool.subscribe({ name: 'f', roles: ['r'] })
  world.pool.step()
  return { world, session, offers: heard(session).offers }
}

describe('a gang', () => {
  test('is launched over the offers of several agents, each task where it says or where there is room', async () => {
    const { world, session, offers } = offered()
    const [gang] = await session.accept(offers, [
      { op: 'launchGang', tasks: [task('t1', 'a2'), task('t2'), task('t3')] },
    ])
    expect(gang).toEqual({
      op: 'launchGang',
      launched: [
        { id: 't1', agent: 'a2' },
        { id: 't2', agent: 'a1' },
        { id: 't3', agent: 'a3' },
      ],
    })
    expect(world.calls.map(call => [call.agent, call.task])).toEqual([
      ['a1', 't2'],
      ['a2', 't1'],
      ['a3', 't3'],
    ])
  })

  test('of which one task finds no place is not launched at all, and all offers go back', async () => {
    const { world, session, offers } = offered()
    const tasks = ['t1', 't2', 't3', 't4'].map(id => task(id))
    const [gang] = await session.accept(offers, [{ op: 'launchGang', tasks }])
    expect(gang.launched).toEqual([])
    expect(gang.problem).toMatchObject({ code: 'groupInvalid', params: { cause: 'notContained' } })
    expect(world.calls).toEqual([])
    for (const { id } of offers) expect(world.pool.allocator.held(session.id, 'r', id).isEmpty).toBe(true)
  })

  test('leaves another gang of the call alone, unless the mode is all', async () => {
    for (const mode of ['each', 'all'] as const) {
      const { session, offers } = offered()
      const [good, bad] = await session.accept(
        offers,
        [
          { op: 'launchGang', tasks: [task('t1')] },
          { op: 'launchGang', tasks: [task('t2'), task('t3'), task('t4')] },
        ],
        { mode },
      )
      expect(good.launched.map(({ id }) => id)).toEqual(mode === 'each' ? ['t1'] : [])
      expect(good.problem?.code).toBe(mode === 'each' ? undefined : 'aborted')
      expect(bad.problem?.code).toBe('groupInvalid')
    }
  })

  test.each([
    ['one id twice', [task('t1'), task('t1')], 'taskExists'],
    ['an agent without an offer', [task('t1', 'a9')], 'agentMismatch'],
    ['nothing', [], 'nothing'],
  ])('with %s is refused, and says why', async (_what, tasks, cause) => {
    const { session, offers } = offered()
    const [gang] = await session.accept(offers, [{ op: 'launchGang', tasks }])
    expect(gang.problem?.params?.['cause']).toBe(cause)
  })

  test('stands in a call with other gangs only, and offers of several agents are for gangs only', async () => {
    const { session, offers } = offered()
    const mixed = session.accept(offers, [
      { op: 'launchGang', tasks: [task('t1')] },
      { op: 'launch', tasks: [task('t2')] },
    ])
    await expect(mixed).rejects.toThrow('must stand with other gangs only')
    const [plain] = await session.accept(offers, [{ op: 'launch', tasks: [task('t2')] }])
    expect(plain.failed.map(({ problem }) => problem.code)).toEqual(['agentMismatch'])
  })
})
