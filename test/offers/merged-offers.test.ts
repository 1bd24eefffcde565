import { describe, expect, test } from 'vitest'
import type { Offer, Session } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

const task = (id: string, cpus: number) => ({ id, need: { cpus } })

/** Two offers of one agent of 4 cpus: what was free, and what a task that ended gave back. */
async function twoOffers(): Promise<{ world: PoolWorld; session: Session; offers: readonly Offer[] }> {
  const world = new PoolWorld()
  const handle = world.agent('a1')
  const session = world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'] })
  session.claim([{ agent: 'a1', tasks: [task('t1', 2)] }])
  world.pool.step()
  handle.report('f', { task: 't1', state: 'finished' })
  world.pool.step()
  return { world, session, offers: heard(session).offers }
}

describe('several offers of one agent', () => {
  test('are one in an accept: a task may need more than each of them has, and the rest goes back', async () => {
    const { world, session, offers } = await twoOffers()
    expect(offers.map(({ resources }) => resources.quantities()['cpus'])).toEqual([2, 2])
    const [launch] = await session.accept(offers, [{ op: 'launch', tasks: [task('t2', 3)] }])
    expect(launch.launched).toEqual(['t2'])
    expect(world.calls.map(call => call.call === 'launch' && call.take.quantities())).toContainEqual({
      cpus: 3,
    })
    expect(world.pool.allocator.agent('a1')?.free.quantities()['cpus']).toBe(1)
    const [again] = await session.accept(offers.slice(0, 1), [{ op: 'launch', tasks: [task('t3', 1)] }])
    expect(
      again.failed.map(({ problem }) => problem.code),
      'both are used up',
    ).toEqual(['unknown'])
  })

  test('are none where one alone is accepted: the other stays open', async () => {
    const { session, offers } = await twoOffers()
    const [launch] = await session.accept(offers.slice(0, 1), [{ op: 'launch', tasks: [task('t2', 3)] }])
    expect(launch.failed.map(({ problem }) => problem.code)).toEqual(['notContained'])
    const [other] = await session.accept(offers.slice(1), [{ op: 'launch', tasks: [task('t3', 2)] }])
    expect(other.launched).toEqual(['t3'])
  })
})
