import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../../../src/core/index.js'
import { createController } from '../../../../src/reconcile/index.js'
import type { Client } from '../../../../src/store/index.js'
import type { MakeParts, Simulation } from '../../../../src/testing/index.js'
import { check } from '../../../../src/testing/index.js'
import { App, oneApp, Pod, podOf, podsOf } from '../../fixtures/apps.js'
import { only, struck } from './only.js'

/** Labels each app that it is told of; goes on after the last revision when its watch breaks. */
const follower =
  (relists: boolean): MakeParts =>
  ({ outside }) => {
    let over = false
    const follow = (client: Client, since: number | undefined): void => {
      let last = since
      const again = (error: unknown): void => {
        if (over) return
        outside.set('heard', isKeelsonError(error) ? error.code : String(error))
        client.env.clock.after(100, () => follow(client, last))
      }
      try {
        const options = last === undefined ? { sendInitialEvents: true } : { since: last }
        client.watch(App, options).on(({ revision, events }) => {
          last = revision
          for (const { type, object } of events)
            if (type === 'DELETED') outside.delete(object.metadata.name)
            else outside.set(object.metadata.name, object.spec.replicas ?? 0)
        }, again)
      } catch (error) {
        if (relists) last = undefined
        again(error)
      }
    }
    return {
      name: 'follower',
      start: (client: Client) => follow(client, undefined),
      stop: () => {
        over = true
      },
    }
  }

describe('a watch that breaks', () => {
  test('ends with an error, and goes on where it was', async () => {
    const ended = ({ state }: Simulation): boolean => state.includes('outside web: 1')
    const { trace, state } = await struck(
      follower(false),
      { ...oneApp, faults: only('disconnect', { rate: 1 }) },
      ended,
    )
    expect(trace.filter(({ isFault }) => isFault)).toMatchObject([
      { kind: 'disconnect', actor: 'app-1', label: 'the watch of App breaks' },
    ])
    expect(state).toContain('outside heard: "Unavailable"')
  })

  test('and has expired when something has happened since', async () => {
    const expired = ({ state }: Simulation): boolean => state.includes('outside heard: "Expired"')
    const { trace } = await struck(
      follower(true),
      { ...oneApp, faults: only('expire', { rate: 1 }) },
      expired,
    )
    expect(trace.map(({ label }) => label)).toContain('the watch of App breaks, what it misses is forgotten')
  })

  test('does not trouble who lists again', async () => {
    const make: MakeParts = () =>
      createController({
        name: 'apps',
        for: App,
        owns: [Pod],
        reads: 'cache',
        reconcile: async (_key, owner, { client }) => {
          if (owner === undefined || podsOf(owner, client.list(Pod).items).length > 0) return
          await client.create(Pod, podOf(owner, `${owner.metadata.name}-${owner.metadata.uid}`))
        },
      })
    const faults = { disconnect: 2, expire: 1 }
    await expect(check(make, { ...oneApp, faults, executions: 100 })).resolves.toBeDefined()
  })
})
