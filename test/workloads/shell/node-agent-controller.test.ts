import { beforeEach, describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
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
