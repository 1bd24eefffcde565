import { expect, test } from 'vitest'
import type { Flow } from '../../../src/discovery/node/flow-table.js'
import { FlowTable } from '../../../src/discovery/node/flow-table.js'
import { createVirtualEnv } from '../../../src/testing/index.js'

const DRAIN_MS = 1000

function world() {
  const env = createVirtualEnv()
  const idle: string[] = []
  const table = new FlowTable(env.clock, { drainMs: DRAIN_MS, perEndpointMax: 2 }, id => idle.push(id))
  const open = (endpoint: string): void => {
    const flow: Flow = { end: () => table.remove(endpoint, flow) }
    table.add(endpoint, flow)
  }
  /** The endpoint is there, and killed after so long. */
  const there = (killedInMs?: number): void =>
    table.present(new Map([['a', killedInMs === undefined ? undefined : env.clock.now() + killedInMs]]))
  const gone = (): void => table.present(new Map())
  const active = async (afterMs: number): Promise<number> => {
    await env.advance(afterMs)
    return table.activeOf('a')
  }
  there()
  open('a')
  return { open, there, gone, active, idle, table }
}

test('flows of an endpoint end when it is killed, and not before', async () => {
  const w = world()
  w.there(5000)
  expect([await w.active(4999), await w.active(1)]).toEqual([1, 0])
  expect(w.idle).toEqual(['a'])
})

test('a later word on when it is killed counts, and so does that it is not', async () => {
  const w = world()
  w.there(500)
  w.there(5000)
  expect(await w.active(600)).toBe(1)
  w.there()
  expect(await w.active(60_000)).toBe(1)
})

test.each([
  ['drains', undefined, DRAIN_MS],
  ['is killed while it drains', 300, 300],
  ['is gone long before it would have been killed', 3_600_000, DRAIN_MS],
  ['should have been killed', -5, 0],
])('of an endpoint that is gone and %s flows end in time', async (_, killedInMs, endsMs) => {
  const w = world()
  w.there(killedInMs)
  w.gone()
  if (endsMs > 0) expect(await w.active(endsMs - 1)).toBe(1)
  expect(await w.active(1)).toBe(0)
  expect(w.table.stats()).toEqual({})
})

test('looking at it again while it drains gives it no more time; coming back saves its flows', async () => {
  const w = world()
  w.gone()
  await w.active(900)
  w.gone()
  expect(await w.active(100)).toBe(0)
  const other = world()
  other.gone()
  await other.active(900)
  other.there()
  expect(await other.active(60_000)).toBe(1)
})

test('flows that begin after the time at which it should have been killed drain too', async () => {
  const w = world()
  w.there(500)
  expect(await w.active(500)).toBe(0)
  w.open('a')
  expect(await w.active(10_000)).toBe(1)
  w.gone()
  expect(await w.active(1)).toBe(0)
})

test('an endpoint is full while it has as many flows as one may have', () => {
  const w = world()
  expect(w.table.full.has('a')).toBe(false)
  w.open('a')
  expect(w.table.full.has('a')).toBe(true)
  w.table.endAll()
  expect([w.table.full.has('a'), w.table.active()]).toEqual([false, 0])
})
