import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Node, Reservation, Task } from '../../../src/api/index.js'
import { createCluster, namespace, run } from './scheduling-world.js'

const ports = { first: 30_000, last: 30_002 }

const taskArbitrary = fc.record({
  port: fc.boolean(),
  share: fc.constantFrom(undefined, 1, 0.5, 0.3),
  by: fc.constantFrom('x', 'y'),
  ends: fc.boolean(),
})

test('law: several schedulers on one store give no port and no device twice, nor one that is kept for another task', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(taskArbitrary, { minLength: 3, maxLength: 9 }),
      fc.nat(99),
      async (tasks, seed) => {
        const world = createCluster(seed, Task, [Reservation])
        await world.addNode('n1', { cpu: 9 })
        await world.env.run(() =>
          world.store.modifyStatus(Node, { name: 'n1' }, draft => {
            if (draft.status !== undefined) draft.status.devices = ['0', '1'].map(id => ({ kind: 'gpu', id }))
          }),
        )
        const kept = { hostPort: 30_001, id: '1' }
        await world.env.run(() =>
          world.store.create(Reservation, {
            metadata: { name: 'kept' },
            spec: {
              nodeName: 'n1',
              task: { namespace, name: 't0' },
              requests: {},
              ports: [{ hostPort: kept.hostPort }],
              devices: [{ kind: 'gpu', ids: [kept.id] }],
            },
          }),
        )
        for (const name of ['x', 'y']) await run(world, { name, schedulerName: name })
        const specOf = ({ port, share, by }: (typeof tasks)[number]): TaskSpec => ({
          schedulerName: by,
          ...(port ? { ports: [{ containerPort: 80, hostPortRange: ports }] } : {}),
          ...(share === undefined ? {} : { devices: [{ kind: 'gpu', share }] }),
        })
        // The first comes last: what is kept for it is kept while the others are placed.
        const rest = tasks.map((one, at) => ({ one, name: `t${at}` })).slice(1)
        await world.env.run(() =>
          Promise.all(
            rest.map(({ one, name }) =>
              world.store.create(Task, { metadata: { namespace, name }, spec: specOf(one) }),
            ),
          ),
        )
        await world.env.settle()
        const check = (isKept: boolean): void => {
          const bound = world.store.list(Task).items.filter(({ spec }) => spec.nodeName !== undefined)
          const given = bound.flatMap(({ spec }) => (spec.ports ?? []).map(({ hostPort }) => hostPort))
          expect(new Set(given).size).toBe(given.length)
          const used = new Map<string, number>()
          for (const { spec } of bound)
            for (const { ids, share = 1 } of spec.assignedDevices ?? [])
              for (const id of ids) used.set(id, (used.get(id) ?? 0) + Math.round(share * 1_000))
          for (const thousandths of used.values()) expect(thousandths).toBeLessThanOrEqual(1_000)
          if (!isKept) return
          expect(given).not.toContain(kept.hostPort)
          expect(used.has(kept.id)).toBe(false)
        }
        check(true)
        for (const { one, name } of rest)
          if (one.ends) await world.env.run(() => world.store.delete(Task, { namespace, name }))
        await world.env.advance(20_000)
        check(true)
        const whole = { ...(tasks[0] as (typeof tasks)[number]), port: true, share: 1 as const }
        await world.addTask('t0', specOf(whole))
        check(false)
        expect(world.nodeOf('t0')).toBe('n1')
        expect(world.store.list(Reservation).items).toEqual([])
      },
    ),
    { numRuns: 3, seed: 41 },
  )
})
