import { describe, expect, test } from 'vitest'
import { Event, Lease, Node, ReplicaSet, Task } from '../../../src/api/index.js'
import type { EventDestination } from '../../../src/reconcile/index.js'
import { createGarbageCollector } from '../../../src/reconcile/index.js'
import { createSchedulingController } from '../../../src/scheduling/index.js'
import type { Kind } from '../../../src/store/index.js'

import {
  createNodeAgentController,
  createNodeHeartbeat,
  createNodeLifecycleController,
  createReplicaController,
} from '../../../src/workloads/index.js'
import { createWorld } from '../../fixtures/world.js'
import { createFakeRuntime } from '../fixtures/fake-runtime.js'

const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 1, failureThreshold: 1 }

/** All loops over one node, and what they told about objects of each name. */
async function cluster(
  events?: EventDestination,
  kinds: readonly Kind[] = [Event, Lease, Node, ReplicaSet, Task],
) {
  const { env, store, startProcess } = createWorld({ kinds })
  const runtime = createFakeRuntime()
  const told = events === undefined ? {} : { events }
  await startProcess(
    'control',
    createReplicaController(told),
    createSchedulingController(told),
    createNodeLifecycleController({ evictAfterMs: 10_000, ...told }),
    createGarbageCollector({ kinds: [ReplicaSet, Task] }),
  )
  const node = await startProcess(
    'node',
    createNodeHeartbeat({
      nodeName: 'n',
      status: { capacity: { cpu: 1 } },
      heartbeatMs: 1_000,
      leaseDurationSeconds: 5,
    }),
    createNodeAgentController({ nodeName: 'n', runtime, ...told }),
  )
  const run = async (spec: Task['spec'], replicas = 1): Promise<string> => {
    await store.create(ReplicaSet, {
      metadata: { namespace: 'd', name: 'web' },
      spec: { replicas, selector: {}, template: { spec } },
    })
    await env.advance(500)
    return store.list(Task).items[0]?.metadata.name ?? ''
  }
  const reasons = async (about: string): Promise<readonly string[]> => {
    await env.advance(1)
    return store
      .list(Event)
      .items.filter(({ spec }) => spec.regarding.name === about)
      .map(({ spec }) => `${spec.type} ${spec.reason}: ${spec.note}`)
      .toSorted()
  }
  return { env, store, runtime, run, reasons, startProcess, fail: node.crash }
}

describe('the loops tell, where the store knows Event', () => {
  test('that a task is made, placed and run', async () => {
    const { run, reasons } = await cluster()
    const name = await run({ image: 'web' })
    expect(await reasons('web')).toEqual([`Normal SuccessfulCreate: created task ${name}`])
    expect(await reasons(name)).toEqual([
      'Normal Scheduled: placed on node n',
      'Normal Started: runs at 127.0.0.1',
    ])
  })

  test('that a task was killed by its liveness probe, and why; and its status says so, whatever it exits with', async () => {
    const { env, store, runtime, run, reasons } = await cluster()
    const name = await run({ livenessProbe: probe })
    runtime.failing.add(name)
    runtime.stop = async uid => {
      const exit = { uid, exitCode: 0, message: 'exit code 0' }
      runtime.exit(name, 0)
      return exit
    }
    await env.advance(1_500)
    const message = 'liveness probe failed: not well; exit code 0'
    expect(store.get(Task, { namespace: 'd', name })?.status).toMatchObject({
      phase: 'Failed',
      reason: 'LivenessProbeFailed',
      message,
      exitCode: 0,
      conditions: [
        { type: 'Scheduled' },
        { type: 'Ready', status: 'False', reason: 'LivenessProbeFailed', message },
      ],
    })
    expect(await reasons(name)).toContain(`Warning Unhealthy: ${message}`)
  })

  test('that a readiness probe fails', async () => {
    const { env, runtime, run, reasons } = await cluster()
    const name = await run({ readinessProbe: probe })
    runtime.failing.add(name)
    await env.advance(1_500)
    expect(await reasons(name)).toContain('Warning Unhealthy: readiness probe failed: not well')
  })

  test.each([
    [0, 'Normal Completed: exit code 0'],
    [3, 'Warning Failed: exit code 3'],
  ])('that a task ended with %s, and that crashes are held back', async (exitCode, told) => {
    const { env, store, runtime, run, reasons } = await cluster()
    const first = await run({ image: 'web' })
    runtime.exit(first, exitCode)
    await env.advance(10)
    expect(await reasons(first)).toContain(told)
    const second =
      store
        .list(Task)
        .items.map(({ metadata }) => metadata.name)
        .find(name => name !== first) ?? ''
    runtime.exit(second, exitCode)
    await env.advance(10)
    expect(await reasons('web')).toContainEqual(
      expect.stringMatching(
        /^Warning BackOff: tasks end soon after their start \(web-.+, web-.+\); the next is made at 2/,
      ),
    )
  })

  test('that a task cannot be started, has no node, or cannot be made', async () => {
    const { env, store, run, reasons, runtime } = await cluster()
    const name = await run({ resources: { requests: { cpu: 9 } } })
    expect(await reasons(name)).toContainEqual(expect.stringMatching(/^Warning FailedScheduling: .*cpu/))
    runtime.refused.add('b')
    await store.create(Task, { metadata: { namespace: 'd', name: 'b' }, spec: {} })
    await env.advance(500)
    expect(await reasons('b')).toContain('Warning Failed: could not be started: no such command')
  })

  test('that a node is silent, and which tasks were evicted with it', async () => {
    const { env, run, reasons, fail, startProcess } = await cluster()
    const name = await run({ image: 'web' })
    // While no node is heard of, nothing is evicted.
    const other = { nodeName: 'other', status: {}, heartbeatMs: 1_000, leaseDurationSeconds: 5 }
    await startProcess('other', createNodeHeartbeat(other))
    fail()
    await env.advance(6_000)
    expect(await reasons('n')).toEqual(['Warning NodeNotReady: the node stopped renewing its lease'])
    await env.advance(10_000)
    expect(await reasons(name)).toContain('Warning Evicted: evicted from node n, which is silent')
  })
})

test('the loops tell nothing on request, nor where the store does not know Event', async () => {
  const quiet = await cluster(false)
  await quiet.run({ image: 'web' })
  expect(quiet.store.list(Event).items).toEqual([])
  const unknown = await cluster(undefined, [Lease, Node, ReplicaSet, Task])
  await unknown.run({ image: 'web' })
  expect(unknown.store.list(Task).items).toMatchObject([{ status: { phase: 'Running' } }])
  expect(unknown.env.logs.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([])
})
