import { describe, expect, test } from 'vitest'
import { isKeelsonError } from '../../../../src/core/index.js'
import type { Reconciler } from '../../../../src/reconcile/index.js'
import { createController } from '../../../../src/reconcile/index.js'
import type { Client } from '../../../../src/store/index.js'
import type { MakeParts, Simulation, TraceStep } from '../../../../src/testing/index.js'
import type { AppSpec, AppStatus } from '../../fixtures/apps.js'
import { App, app, oneApp, Pod } from '../../fixtures/apps.js'
import { only, struck } from './only.js'

function apps(reconcile: Reconciler<AppSpec, AppStatus>): MakeParts {
  return () => createController({ name: 'apps', for: App, reconcile })
}

type Write = (client: Client) => Promise<unknown>

const createPod: Write = client => client.create(Pod, { metadata: { name: 'a' }, spec: { app: 'web' } })

/** Writes once, and notes what it was told and what it then sees. */
const noting =
  (write: Write): MakeParts =>
  ({ outside }) =>
    createController({
      name: 'apps',
      for: App,
      reconcile: async (_key, owner, { client }) => {
        if (owner === undefined || outside.size > 0) return
        outside.set('began', true)
        const told = await write(client).then(
          () => 'done',
          (error: unknown) => (isKeelsonError(error) ? error.code : String(error)),
        )
        outside.set('told', `${told}, ${client.list(Pod).items.length} pods`)
      },
    })

const indexOf = ({ trace }: Simulation, label: string): number => {
  const index = trace.findIndex(step => step.label === label)
  if (index === -1)
    throw new Error(`no step is called ${label}:\n${trace.map(step => step.label).join('\n')}`)
  return index
}

describe('an answer', () => {
  test('that is lost: the write has happened, its writer is told an error', async () => {
    const simulation = await struck(noting(createPod), { ...oneApp, faults: only('loseAnswer') })
    const at = indexOf(simulation, 'create Pod a, the answer is lost')
    expect(simulation.trace[at]).toMatchObject({
      kind: 'loseAnswer',
      actor: 'app-1',
      revision: expect.any(Number),
    })
    expect(simulation.state).toContain('outside told: "Unavailable, 1 pods"')
  })

  test('that refuses: the write has not happened, its writer is told the same error', async () => {
    const simulation = await struck(noting(createPod), { ...oneApp, faults: only('refuse') })
    const at = indexOf(simulation, 'create Pod a, refused')
    expect(simulation.trace[at]).toMatchObject({ kind: 'refuse', isFault: true })
    expect(simulation.trace[at]).not.toHaveProperty('revision')
    expect(simulation.state).toContain('outside told: "Unavailable, 0 pods"')
  })

  test('that is late: the write has happened, its writer hears of it when nothing else happens', async () => {
    const simulation = await struck(noting(createPod), { ...oneApp, faults: only('lateAnswer') })
    const from = indexOf(simulation, 'create Pod a, the answer is under way')
    const to = indexOf(simulation, 'the answer to create Pod a, late')
    expect(simulation.trace[from]).toHaveProperty('revision')
    expect(to).toBeGreaterThan(from)
    expect(simulation.state).toContain('outside told: "done, 1 pods"')
  })

  test('that is late may be later than the time of an attempt', async () => {
    const make: MakeParts = ({ outside }) =>
      createController({
        name: 'apps',
        for: App,
        timeoutMs: 1_000,
        reconcile: async (_key, owner, { client, attempt }) => {
          if (owner === undefined) return
          if (client.get(Pod, { name: 'a' }) === undefined) await createPod(client)
          outside.set(`attempt ${attempt}`, 'ends')
        },
      })
    const late = ({ state }: Simulation): boolean => state.includes('outside attempt 1: "ends"')
    const { state } = await struck(make, { ...oneApp, faults: only('lateAnswer') }, late)
    expect(state.filter(line => line.startsWith('outside'))).toEqual(['outside attempt 1: "ends"'])
  })

  test.each<[string, Write]>([
    ['create Pod a', createPod],
    [
      'modify App web',
      client => client.modify(App, { name: 'web' }, draft => void (draft.metadata.labels['a'] = 'b')),
    ],
    ['transact', client => client.transact(tx => tx.delete(App, { name: 'web' }))],
    [
      'optimistic',
      client => client.optimistic(async tx => tx.create(Pod, { metadata: { name: 'b' }, spec: { app: '' } })),
    ],
    ['grant a lifetime', client => client.lifetimes.grant({ ttlMs: 60_000 } as never)],
    ['create Pod a', client => createPod(client.client(client.env.fork('other')))],
  ])('of %s can be lost, late, or refuse', async (label, write) => {
    const at = async (kind: 'loseAnswer' | 'refuse' | 'lateAnswer'): Promise<string> => {
      const { state, trace } = await struck(noting(write), { ...oneApp, faults: only(kind) })
      expect(trace.filter(({ isFault }) => isFault).map(step => step.label.startsWith(label))).toEqual([true])
      return state.find(line => line.startsWith('outside told')) ?? 'never told'
    }
    expect(await at('loseAnswer')).toContain('Unavailable')
    expect(await at('refuse')).toContain('Unavailable')
    expect(await at('lateAnswer')).toContain('done')
  })

  test('is only that of the writes that are aimed at', async () => {
    const both = apps(async (key, owner, { client }) => {
      if (owner === undefined || owner.status !== undefined) return
      await client.create(Pod, { metadata: { generateName: 'a-' }, spec: { app: 'web' } })
      await client.modifyStatus(App, key, draft => void (draft.status = { made: true }))
    })
    const faults = only('refuse', { target: ({ label }) => label.startsWith('modifyStatus') })
    const { trace } = await struck(both, { ...oneApp, faults })
    expect(trace.filter(({ isFault }) => isFault).map(({ label }) => label)).toEqual([
      'modifyStatus App web, refused',
    ])
  })
})

describe('a crash right after a write', () => {
  test('is before the answer: nobody goes on', async () => {
    const going: MakeParts = ({ outside, name }) =>
      createController({
        name: 'apps',
        for: App,
        reconcile: async (_key, owner, { client }) => {
          if (owner === undefined || client.list(Pod).items.length > 0) return
          await createPod(client)
          outside.set(name, 'goes on')
        },
      })
    const faults = only('crash', { target: ({ label }) => label.endsWith(', then crash') })
    const { state, trace } = await struck(going, { ...oneApp, faults })
    expect(trace.map(({ label }) => label)).toContain('create Pod a, then crash')
    expect(state.filter(line => line.startsWith('outside'))).toEqual([])
  })
})

describe('a watch that is held back', () => {
  test('says nothing until nothing else happens', async () => {
    const reading: MakeParts = () =>
      createController({ name: 'apps', for: App, owns: [Pod], reads: 'cache', reconcile: () => {} })
    const objects = [app('a', {}), app('b', {}), app('c', {})]
    const spanOf = ({ trace }: Simulation): readonly TraceStep[] =>
      trace.slice(
        trace.findIndex(({ label }) => label.endsWith(', held back')),
        trace.findIndex(({ label }) => label.endsWith(', late')) + 1,
      )
    const isLong = (simulation: Simulation): boolean =>
      spanOf(simulation).some(({ label }) => label.startsWith('create App c'))
    const simulation = await struck(reading, { ...oneApp, objects, faults: only('freeze') }, isLong)
    const [first, ...between] = spanOf(simulation)
    const late = between.pop()
    expect(between.filter(({ kind, actor }) => kind === 'deliver' && actor === 'app-1')).toEqual([])
    const label = first?.label.replace(', held back', '')
    expect(late?.label).toBe(`${label}, late`)
    expect(
      simulation.trace.slice(simulation.trace.indexOf(late as TraceStep)).map(step => step.label),
    ).toContain(label)
  })
})
