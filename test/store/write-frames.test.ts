import { describe, expect, test } from 'vitest'
import { systemEnv } from '../../src/core/index.js'
import type { Client, Kind, Store } from '../../src/store/index.js'
import { createStore } from '../../src/store/index.js'
import { kindOf } from '../fixtures/kinds.js'

/** Calls of the store's own functions between a write and the kind's index function. */
const FRAMES_MAX = 8

const metadata = { namespace: 'default', name: 'a' }

/** The names of the store's functions under `act`, as the index function finds them on the stack. */
async function framesUnder(act: (store: Store) => Promise<unknown>): Promise<readonly string[]> {
  let stack: string | undefined
  const Probe = kindOf('Probe', {
    indexes: {
      where: () => {
        const { stackTraceLimit } = Error
        Error.stackTraceLimit = 100
        stack = new Error('here').stack
        Error.stackTraceLimit = stackTraceLimit
        return 'here'
      },
    },
  })
  const store = createStore({ kinds: [Probe] })
  probe = Probe
  await act(store)
  return (stack ?? '')
    .split('\n')
    .filter(line => line.includes('/src/store/'))
    .map(nameOf)
}

let probe: Kind

/** `at EngineClient.create (…)` has a name, `at /src/store/…` has none. */
function nameOf(frame: string): string {
  return /at (?:async )?(?:new )?([^(]+) \(/.exec(frame)?.[1]?.replace(/^.*[.#]/, '') ?? ''
}

describe('the stack of a write', () => {
  test.each<[string, (store: Store) => Promise<unknown>]>([
    ['create', store => store.create(probe, { metadata, spec: {} })],
    ['create', store => store.transact(tx => tx.create(probe, { metadata, spec: {} }))],
  ])('%s is short, and each function in it has a name', async (verb, act) => {
    const frames = await framesUnder(act)
    const called = frames.slice(0, frames.indexOf(verb) + 1)
    expect(called.at(-1)).toBe(verb)
    expect(called).toContain('perform')
    expect(called).not.toContain('')
    expect(called).not.toContain('<anonymous>')
    expect(called.length).toBeLessThanOrEqual(FRAMES_MAX)
  })

  test.each<[string, (client: Client) => Promise<unknown>]>([
    ['a write', client => client.create(probe, { metadata, spec: {} })],
    ['a transaction', client => client.transact(tx => tx.create(probe, { metadata, spec: {} }))],
    [
      'an optimistic transaction',
      client => client.optimistic(async tx => tx.create(probe, { metadata, spec: {} })),
    ],
  ])(
    '%s of a client, which commits in a step of its env, has no nameless function either',
    async (_what, act) => {
      const frames = await framesUnder(store => act(store.client(systemEnv)))
      const called = frames.slice(0, frames.indexOf('step') + 1)
      expect(called.at(-1)).toBe('step')
      expect(called).not.toContain('')
      expect(called).not.toContain('<anonymous>')
    },
  )
})
