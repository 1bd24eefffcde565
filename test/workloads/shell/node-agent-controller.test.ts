import { beforeEach, describe, expect, test } from 'vitest'
import type { ListedTask, TaskExit, TaskSpec } from '../../../src/api/index.js'
import { findCondition, Task } from '../../../src/api/index.js'
import { createNodeAgentController } from '../../../src/workloads/index.js'
import { NODE_AGENT_FINALIZER } from '../../../src/workloads/node-agent-names.js'
import { ref } from '../../fixtures/kinds.js'
import type { Process, World } from '../../fixtures/world.js'
import { createWorld } from '../../fixtures/world.js'
import type { FakeRuntime } from '../fixtures/fake-runtime.js'
import { createFakeRuntime, health } from '../fixtures/fake-runtime.js'

let world: World
let runtime: FakeRuntime
let agent: Process

beforeEach(async () => {
  world = createWorld({ kinds: [Task] })
  runtime = createFakeRuntime()
  agent = await world.startProcess('n1', createNodeAgentController({ nodeName: 'n1', runtime, health }))
})

const settled = (): Promise<void> => world.env.run(() => agent.manager.settled())
const task = (name: string): Task | undefined => world.store.get(Task, ref(name))
const ready = (name: string): string | undefined =>
  findCondition(task(name)?.status?.conditions, 'Ready')?.status
const bind = async (name: string, spec: TaskSpec = {}): Promise<void> => {
  await world.store.create(Task, { metadata: ref(name), spec: { nodeName: 'n1', ...spec } })
  await settled()
  await world.env.settle()
}
const probe = { httpGet: { path: '/', port: 'http' }, periodSeconds: 1, failureThreshold: 1 }

describe('the node agent', () => {
  test('holds the object, starts the process and reports where it is', async () => {
    await bind('a')
    expect(runtime.running()).toEqual(['a'])
    expect(task('a')?.metadata.finalizers).toEqual([NODE_AGENT_FINALIZER])
    expect(task('a')?.status).toMatchObject({
      phase: 'Running',
      address: '127.0.0.1',
      ports: [{ hostPort: 8000 }],
    })
    expect(ready('a')).toBe('True')
  })

  test('tells how a process ended by itself before it lets a task go that was deleted meanwhile', async () => {
    await bind('a')
    await world.store.modify(
      Task,
      ref('a'),
      draft => void draft.metadata.finalizers.push('example.com/counts'),
    )
    await settled()
    runtime.exit('a', 0)
    await world.store.delete(Task, ref('a'))
    await settled()
    expect(task('a')?.status?.phase).toBe('Succeeded')
    expect(task('a')?.metadata.finalizers).toEqual(['example.com/counts'])
    expect(runtime.stopped).toEqual([])
  })

  test('leaves tasks of other nodes and unbound ones alone', async () => {
    await world.store.create(Task, { metadata: ref('b'), spec: { nodeName: 'n2' } })
    await world.store.create(Task, { metadata: ref('c'), spec: {} })
    await settled()
    expect(runtime.started).toEqual([])
  })

  test('is ready only while the readiness probe says so', async () => {
    runtime.failing.add('a')
    await bind('a', { readinessProbe: probe })
    expect(ready('a')).toBe('False')
    runtime.failing.clear()
    await world.env.advance(1_000)
    expect(ready('a')).toBe('True')
    runtime.failing.add('a')
    await world.env.advance(1_000)
    expect(ready('a')).toBe('False')
    expect(runtime.running()).toEqual(['a'])
  })

  test('stops a task whose liveness probe fails, and reports it as failed', async () => {
    await bind('a', { livenessProbe: probe })
    runtime.failing.add('a')
    await world.env.advance(1_000)
    expect(runtime.stopped).toEqual(['a'])
    expect(task('a')?.status?.phase).toBe('Failed')
  })

  test.each([
    { exitCode: 0, phase: 'Succeeded' },
    { exitCode: 3, phase: 'Failed' },
  ])(
    'reports exit code $exitCode as $phase, and never starts the task again',
    async ({ exitCode, phase }) => {
      await bind('a')
      runtime.exit('a', exitCode)
      await settled()
      expect(task('a')?.status).toMatchObject({ phase, exitCode })
      expect(ready('a')).toBe('False')
      await world.env.advance(600_000)
      expect(runtime.started).toEqual(['a'])
    },
  )

  test('reports a task that cannot be started as failed, with the reason', async () => {
    runtime.refused.add('a')
    await bind('a')
    expect(task('a')?.status).toMatchObject({
      phase: 'Failed',
      message: 'could not be started: no such command',
    })
  })

  test('stops a deleted task before its object goes', async () => {
    await bind('a')
    await world.store.delete(Task, ref('a'))
    expect(task('a')?.metadata.deletionTimestamp).toBeDefined()
    await settled()
    await world.env.settle()
    expect(runtime.stopped).toEqual(['a'])
    expect(task('a')).toBeUndefined()
  })

  test('stops a process whose object is gone or was made anew', async () => {
    await bind('a')
    const held = task('a')
    await world.store.delete(Task, ref('a'))
    await world.store.modify(Task, ref('a'), draft => {
      draft.metadata.finalizers = []
    })
    await world.store.create(Task, { metadata: ref('a'), spec: { nodeName: 'n1' } })
    await settled()
    await world.env.settle()
    expect(task('a')?.metadata.uid).not.toBe(held?.metadata.uid)
    expect(runtime.started).toEqual(['a', 'a'])
    expect(runtime.stopped).toEqual(['a'])
    expect(runtime.running()).toEqual(['a'])
  })

  test('reports tasks as failed whose processes died with its predecessor', async () => {
    await bind('a')
    agent.crash()
    agent = await world.startProcess(
      'n1-again',
      createNodeAgentController({ nodeName: 'n1', runtime: createFakeRuntime(), health }),
    )
    await settled()
    expect(task('a')?.status).toMatchObject({
      phase: 'Failed',
      message: 'The process died with its node agent',
    })
  })

  test('a probe that cannot be asked neither counts nor breaks a row', async () => {
    await bind('a', { livenessProbe: { ...probe, failureThreshold: 2 } })
    runtime.unaskable.add('a')
    await world.env.advance(10_000)
    expect(runtime.stopped).toEqual([])
    runtime.unaskable.clear()
    runtime.failing.add('a')
    await world.env.advance(1_000)
    runtime.unaskable.add('a')
    await world.env.advance(1_000)
    expect(runtime.stopped).toEqual([])
    runtime.unaskable.clear()
    await world.env.advance(1_000)
    expect(runtime.stopped).toEqual(['a'])
  })

  test('the startup probe holds back readiness and the other probes until it succeeds', async () => {
    const exec = (name: string) => ({ exec: { command: [name] }, periodSeconds: 1, failureThreshold: 3 })
    runtime.failing.add('a')
    await bind('a', { startupProbe: exec('up'), readinessProbe: exec('ready'), livenessProbe: exec('live') })
    await world.env.advance(1_000)
    expect(ready('a')).toBe('False')
    expect(new Set(runtime.asked)).toEqual(new Set(['up']))
    runtime.failing.clear()
    runtime.asked.length = 0
    await world.env.advance(3_000)
    expect(ready('a')).toBe('True')
    expect(runtime.asked.filter(name => name === 'up')).toHaveLength(1)
    expect(new Set(runtime.asked)).toEqual(new Set(['up', 'ready', 'live']))
  })

  test('without a readiness probe, a task is ready once it has started', async () => {
    runtime.failing.add('a')
    await bind('a', { startupProbe: { ...probe, failureThreshold: 9 } })
    await world.env.advance(2_000)
    expect(ready('a')).toBe('False')
    runtime.failing.clear()
    await world.env.advance(1_000)
    expect(ready('a')).toBe('True')
  })

  test('a task that does not start in time is ended, and says why', async () => {
    runtime.failing.add('a')
    await bind('a', { startupProbe: { ...probe, failureThreshold: 3 } })
    await world.env.advance(3_000)
    expect(task('a')?.status).toMatchObject({ phase: 'Failed', reason: 'StartupProbeFailed' })
  })

  test('waits for the drain before it stops a process', async () => {
    agent.crash()
    let drained = (): void => {}
    const drain = (): Promise<void> => new Promise(resolve => (drained = resolve))
    const controller = createNodeAgentController({ nodeName: 'n3', runtime, health, drain })
    agent = await world.startProcess('n3', controller)
    await bind('d', { nodeName: 'n3' })
    await world.store.delete(Task, ref('d'))
    await settled()
    expect(runtime.stopped).toEqual([])
    drained()
    await world.env.settle()
    expect(runtime.stopped).toEqual(['d'])
    expect(task('d')).toBeUndefined()
  })
})

describe('a node agent that starts again over a runtime that lists what runs', () => {
  /** The same processes, with a list of them. */
  const listing = (failures = 0) => {
    let left = failures
    return {
      ...runtime,
      async list() {
        if (left-- > 0) throw new Error('the runtime does not answer')
        return runtime.running().map(name => ({
          uid: uids.get(name) ?? name,
          ...ref(name),
          running: { address: '127.0.0.1', ports: [] },
          startedAtMs: 0,
        }))
      },
    }
  }
  const uids = new Map<string, string>()
  const again = async (failures = 0): Promise<void> => {
    const controller = createNodeAgentController({ nodeName: 'n1', runtime: listing(failures), health })
    agent = await world.startProcess('n1-again', controller)
    await settled()
    await world.env.advance(5_000)
  }
  const remember = (...names: readonly string[]): void => {
    for (const name of names) uids.set(name, task(name)?.metadata.uid ?? '')
  }

  test.each([0, 2])('takes over its processes, after %i refusals to list them', async failures => {
    await bind('a', { readinessProbe: probe })
    await world.env.advance(1_000)
    remember('a')
    agent.crash()
    let wasUnready = false
    world.store.watch(Task).on(() => {
      wasUnready ||= ready('a') !== 'True'
    })
    await again(failures)
    expect([task('a')?.status?.phase, wasUnready]).toEqual(['Running', false])
    expect([runtime.started, runtime.stopped]).toEqual([['a'], []])
    runtime.failing.add('a')
    await world.env.advance(1_000)
    expect(ready('a')).toBe('False')
  })

  test('reports how those ended that the runtime lists with their ends; what it asked to stop has not ended itself', async () => {
    for (const name of ['a', 'b', 'c']) await bind(name)
    remember('a', 'b', 'c')
    agent.crash()
    await world.store.delete(Task, ref('c'))
    const of = (name: string, exit: Omit<TaskExit, 'uid'>) => ({
      uid: uids.get(name) ?? name,
      ...ref(name),
      running: { address: '127.0.0.1', ports: [] },
      startedAtMs: 0,
      exit: { uid: uids.get(name) ?? name, ...exit },
    })
    const listed: ListedTask[] = [
      of('a', { exitCode: 0, message: 'exit code 0' }),
      of('b', { exitCode: 3, message: 'exit code 3' }),
      { ...of('c', { signal: 'SIGTERM', message: 'ended by SIGTERM' }), isStopping: true },
      { ...of('elsewhere', { exitCode: 0, message: '' }), nodeName: 'n2' },
    ]
    const phases: string[] = []
    world.store.watch(Task).on(({ events }) => {
      for (const { object } of events) phases.push(`${object.metadata.name} ${object.status?.phase}`)
    })
    const list = async (): Promise<readonly ListedTask[]> => listed
    const controller = createNodeAgentController({ nodeName: 'n1', runtime: { ...runtime, list }, health })
    agent = await world.startProcess('n1-again', controller)
    await world.env.advance(5_000)
    expect([task('a')?.status?.phase, task('b')?.status?.exitCode, task('c')]).toEqual([
      'Succeeded',
      3,
      undefined,
    ])
    expect(phases).not.toContain('c Failed')
    expect([runtime.started, runtime.stopped]).toEqual([['a', 'b', 'c'], []])
  })

  test('reports those that ended meanwhile as lost', async () => {
    await bind('a')
    await bind('b')
    remember('a', 'b')
    agent.crash()
    runtime.exit('b', 0)
    await again()
    expect([task('a')?.status?.phase, task('b')?.status?.phase]).toEqual(['Running', 'Failed'])
  })

  test('stops those that were deleted meanwhile, and those that have no object any more', async () => {
    await bind('a')
    await bind('b')
    remember('a', 'b')
    agent.crash()
    await world.store.delete(Task, ref('a'))
    await world.store.delete(Task, ref('b'))
    await world.store.modify(Task, ref('b'), draft => void (draft.metadata.finalizers = []))
    expect(task('b')).toBeUndefined()
    await again()
    expect(runtime.stopped.toSorted()).toEqual(['a', 'b'])
    expect(runtime.running()).toEqual([])
    expect(task('a')).toBeUndefined()
  })
})
