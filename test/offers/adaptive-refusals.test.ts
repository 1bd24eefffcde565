import { describe, expect, test } from 'vitest'
import type { AgentHandle, Session } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

/** A framework of two roles that is offered an agent in one of them, again and again. */
class Refuser {
  readonly world = new PoolWorld({ offerTimeoutMs: null })
  readonly session: Session
  handle: AgentHandle

  constructor() {
    this.handle = this.world.agent('a1')
    this.session = this.world.pool.subscribe({
      name: 'f',
      id: 'f',
      roles: ['r', { role: 's', suppressed: true }],
    })
    this.world.pool.step()
  }

  /** Refuses what is offered; for how many seconds that holds. Then it is over, and the agent offered again. */
  async refuse(): Promise<number> {
    const { nowMs } = this.world
    this.session.decline(heard(this.session).offers, { refuseMs: 'adaptive' })
    const { filters = [] } = this.world.pool.allocator.snapshot().agents[0] ?? {}
    const ends = filters.map(({ untilMs }) => Number(untilMs) - this.world.env.clock.now())
    const holdsMs = Math.max(...ends)
    await this.world.stepAt(nowMs + holdsMs + 1)
    return holdsMs / 1_000
  }
}

describe('adaptive refusals', () => {
  test('hold twice as long each time in a row, up to ten minutes', async () => {
    const refuser = new Refuser()
    const seconds: number[] = []
    for (let n = 0; n < 9; n++) seconds.push(await refuser.refuse())
    expect(seconds).toEqual([5, 10, 20, 40, 80, 160, 320, 600, 600])
  })

  test.each<readonly [string, (of: Refuser) => void | Promise<unknown>, number]>([
    ['a plain refusal', ({ session }) => session.decline(heard(session).offers, { refuseMs: 0 }), 20],
    [
      'an accept that uses nothing of it, and refuses the rest as adaptively',
      ({ session }) => session.accept(heard(session).offers, [], { refuseMs: 'adaptive' }),
      40,
    ],
    [
      'a launch',
      ({ session }) => {
        const launch = { op: 'launch', tasks: [{ id: 't', need: { cpus: 1 } }] } as const
        return session.accept(heard(session).offers, [launch], { refuseMs: 0 })
      },
      5,
    ],
    ['a revival of the role', ({ session }) => session.revive('r'), 5],
    ['a revival of all roles', ({ session }) => session.revive(), 5],
    [
      'another agent of its name',
      of => {
        of.handle.remove({ mayReturn: true })
        of.handle = of.world.agent('a1')
      },
      5,
    ],
  ])('after two of them and %s, the next one', async (_what, happens, seconds) => {
    const refuser = new Refuser()
    for (let n = 0; n < 2; n++) await refuser.refuse()
    await happens(refuser)
    await refuser.world.stepAt(refuser.world.nowMs + 30_000)
    expect(await refuser.refuse()).toBe(seconds)
  })

  test('of two offers of one agent at a moment are one', async () => {
    const { world, session, handle } = new Refuser()
    session.claim([{ agent: 'a1', tasks: [{ id: 't', need: { cpus: 2 } }] }], { role: 'r' })
    session.decline(heard(session).offers, { refuseMs: 0 })
    session.claim([{ agent: 'a1', tasks: [{ id: 't', need: { cpus: 2 } }] }], { role: 'r' })
    world.pool.step()
    handle.report('f', { task: 't', state: 'finished' })
    world.pool.step()
    const { offers } = heard(session)
    expect(offers).toHaveLength(2)
    session.decline(offers, { refuseMs: 'adaptive' })
    const { filters = [] } = world.pool.allocator.snapshot().agents[0] ?? {}
    expect(filters.map(({ untilMs }) => Number(untilMs) - world.env.clock.now())).toEqual([5_000, 5_000])
  })

  test('is no other word', async () => {
    const { session } = new Refuser()
    const { offers } = heard(session)
    const refuseMs = 'adaptively' as unknown as number
    expect(() => session.decline(offers, { refuseMs })).toThrow('decline is invalid: refuseMs: must be')
    await expect(session.accept(offers, [], { refuseMs })).rejects.toThrow(
      'accept is invalid: refuseMs: must be',
    )
    expect(
      (await session.accept(offers, [{ op: 'launch', tasks: [{ id: 't', need: { cpus: 4 } }] }]))[0].launched,
    ).toEqual(['t'])
  })
})
