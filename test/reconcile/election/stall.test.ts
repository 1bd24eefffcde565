import { describe, expect, test } from 'vitest'
import { Lease } from '../../../src/api/index.js'
import type { Leadership } from '../../../src/reconcile/index.js'
import { createElector } from '../../../src/reconcile/index.js'
import { createWorld } from '../../fixtures/world.js'
import { Entry, electionIn } from './candidates.js'
import { stallableProcess } from './stallable-env.js'

/** Longer than a reign lasts without a renewal, and shorter than a lease. */
const STALL_MS = 13_000

describe('a leader whose event loop stalls past its reign', () => {
  test.each([
    ['writes first of all', [], true],
    ['renews first of all', [], false],
    ['writes first of all, and has a rival', ['b'], true],
    ['renews first of all, and has a rival', ['b'], false],
  ] as const)('%s: the reign stays over, and somebody leads again', async (_when, rivals, writesFirst) => {
    const { env, store } = createWorld({ kinds: [Lease, Entry] })
    const process = stallableProcess(env, 'a')
    const reigns: Leadership[] = []
    const ends: string[] = []
    const options = { kind: Lease, lease: 'boss', identity: 'a' }
    const elector = createElector(store.client(process.env), options, {
      leads: leadership => void reigns.push(leadership),
      stopped: why => void ends.push(why),
    })
    void elector.start()
    await env.settle()
    const others = electionIn(env, store)
    for (const id of rivals) others.join(id)
    await env.advance(1_000)

    process.stall()
    await env.advance(STALL_MS)
    const [first] = reigns
    const write = async (): Promise<unknown> =>
      first?.client.create(Entry, { metadata: { name: 'late' }, spec: { term: first.term, by: 'a' } })
    const refused = writesFirst ? write().catch((error: unknown) => error) : undefined
    // The renewal was due at 2 s, the end of the reign at 12 s.
    await process.resume()
    await env.settle()
    if (writesFirst) expect(await refused).toMatchObject({ code: 'Fenced' })
    await env.advance(60_000)
    const leading = elector.leadership === undefined ? [] : ['a']
    expect([...leading, ...others.leaders()]).toHaveLength(1)
    expect(ends[0]).toMatch(/renewed in time/)
    expect(first?.signal.aborted).toBe(true)
    expect(store.list(Entry).items).toEqual([])
  })
})
