import { from } from 'rxjs'
import { describe, expect, test } from 'vitest'
import type { Session, SessionEvent } from '../../src/offers/index.js'
import { fromSession } from '../../src/rxjs/index.js'
import { PoolWorld } from '../offers/pool-world.js'

function connected(): { world: PoolWorld; session: Session } {
  const world = new PoolWorld()
  world.agent('a1')
  const session = world.pool.subscribe({ name: 'f', id: 'f', roles: ['r'] })
  return { world, session }
}

type Events = ReturnType<typeof fromSession>

describe.each<readonly [string, (session: Session) => Events]>([
  ['fromSession', fromSession],
  ['Symbol.observable', session => from(session as unknown as Events)],
])('%s', (_how, open) => {
  test('tells events in order, and completes when the pool is closed', async () => {
    const { world, session } = connected()
    const heard: string[] = []
    open(session).subscribe({ next: ({ type }) => heard.push(type), complete: () => heard.push('complete') })
    world.pool.step()
    await world.env.settle()
    expect(heard).toEqual(['offers'])
    world.pool.close()
    await world.env.settle()
    expect(heard).toEqual(['offers', 'closed', 'complete'])
  })

  test('leaves what comes after unsubscribing to the next reader', async () => {
    const { world, session } = connected()
    const heard: SessionEvent[] = []
    open(session)
      .subscribe(event => heard.push(event))
      .unsubscribe()
    world.pool.step()
    await world.env.settle()
    expect(heard).toEqual([])
    expect(session.take().map(({ type }) => type)).toEqual(['offers'])
  })

  test('has one consumer: a second one fails and leaves the first alone', async () => {
    const { world, session } = connected()
    const heard: string[] = []
    open(session).subscribe(({ type }) => heard.push(type))
    open(session).subscribe({ error: () => heard.push('error') })
    world.pool.step()
    await world.env.settle()
    expect(heard).toEqual(['error', 'offers'])
  })
})

test('what a listener throws is logged, and the next event is told', async () => {
  const { world, session } = connected()
  const heard: string[] = []
  session.on(({ type }) => {
    heard.push(type)
    throw new Error('no')
  })
  world.pool.step()
  await world.env.settle()
  world.pool.close()
  await world.env.settle()
  expect(heard).toEqual(['offers', 'closed'])
})
