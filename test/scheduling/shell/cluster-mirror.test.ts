import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Node, Task } from '../../../src/api/index.js'
import { packProfile } from '../../../src/scheduling/index.js'
import { ClusterMirror } from '../../../src/scheduling/shell/cluster-mirror.js'

const names = ['n1', 'n2', 'n3'] as const
const keys = ['default/a', 'default/b', 'default/c', 'default/d'] as const

type Telling =
  | { readonly kind: 'node'; readonly name: string; readonly cpu: string | undefined }
  | {
      readonly kind: 'task'
      readonly key: string
      readonly node: string | undefined
      readonly cpu: string
      readonly over: boolean
    }
  | { readonly kind: 'gone'; readonly key: string }
  /** Tell again what is so, as a late or repeated event would. */
  | { readonly kind: 'repeat' }
  | { readonly kind: 'place'; readonly key: string; readonly isWritten: boolean }

const amount = fc.constantFrom('1', '2', 'nonsense')
const telling: fc.Arbitrary<Telling> = fc.oneof(
  fc.record({
    kind: fc.constant('node' as const),
    name: fc.constantFrom(...names),
    cpu: fc.option(fc.constantFrom('2', '4', 'nonsense'), { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('task' as const),
    key: fc.constantFrom(...keys),
    node: fc.option(fc.constantFrom(...names), { nil: undefined }),
    cpu: amount,
    over: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('gone' as const), key: fc.constantFrom(...keys) }),
  fc.record({ kind: fc.constant('repeat' as const) }),
  fc.record({ kind: fc.constant('place' as const), key: fc.constantFrom(...keys), isWritten: fc.boolean() }),
)

const time = '2026-01-01T00:00:00.000Z'

function metadataOf(uid: string, name: string): Node['metadata'] {
  const none = { labels: {}, annotations: {}, ownerReferences: [], finalizers: [] }
  return { uid, name, resourceVersion: '1', generation: 1, creationTimestamp: time, ...none }
}

function nodeObject(name: string, cpu: string, resourceVersion: string): Node {
  const ready = { type: 'Ready', status: 'True', reason: 'R', message: '', lastTransitionTime: time } as const
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metadataOf(name, name), resourceVersion },
    spec: {},
    status: { allocatable: { cpu }, conditions: [ready] },
  }
}

function taskObject(key: string, generation: number, spec: Task['spec'], over = false): Task {
  const metadata = {
    ...metadataOf(key, key.slice('default/'.length)),
    namespace: 'default',
    generation,
  }
  const status = over ? { status: { phase: 'Succeeded' as const } } : {}
  return { apiVersion: 'v1', kind: 'Task', metadata, spec, ...status }
}

describe('the mirror of a cluster', () => {
  test('is what it would be if it were built anew, whatever it was told before', () => {
    fc.assert(
      fc.property(fc.array(telling, { maxLength: 40 }), tellings => {
        const mirror = new ClusterMirror(packProfile())
        const nodes = new Map<string, Node>()
        const tasks = new Map<string, Task>()
        let version = 0
        const setTask = (key: string, task: Task | undefined): void => {
          if (task === undefined) tasks.delete(key)
          else tasks.set(key, task)
          mirror.setTask(key, task)
        }
        for (const one of tellings) {
          version++
          switch (one.kind) {
            case 'node': {
              const node = one.cpu === undefined ? undefined : nodeObject(one.name, one.cpu, String(version))
              if (node === undefined) nodes.delete(one.name)
              else nodes.set(one.name, node)
              mirror.setNode(one.name, node)
              break
            }
            case 'task': {
              const resources = { requests: { cpu: one.cpu } }
              const spec = one.node === undefined ? { resources } : { resources, nodeName: one.node }
              setTask(one.key, taskObject(one.key, version, spec, one.over))
              break
            }
            case 'gone':
              setTask(one.key, undefined)
              break
            case 'repeat':
              for (const name of names) mirror.setNode(name, nodes.get(name))
              for (const key of keys) mirror.setTask(key, tasks.get(key))
              break
            case 'place': {
              const unassigned = taskObject(one.key, version, { resources: { requests: { cpu: '1' } } })
              setTask(one.key, unassigned)
              const result = mirror.assume({ key: one.key, requests: { cpu: 1000 } }, unassigned)
              // A late word of the unassigned task must not give the room away.
              mirror.setTask(one.key, unassigned)
              expect(mirror.scheduler.task(one.key)?.node).toBe(
                result.kind === 'placed' ? result.node : undefined,
              )
              mirror.unassume(one.key)
              const isBound = one.isWritten && result.kind === 'placed'
              const spec = isBound ? { ...unassigned.spec, nodeName: result.node } : unassigned.spec
              setTask(one.key, taskObject(one.key, version + 1_000, spec))
            }
          }
        }
        const anew = new ClusterMirror(packProfile())
        for (const [key, task] of tasks) anew.setTask(key, task)
        for (const [name, node] of nodes) anew.setNode(name, node)
        const probe = { key: 'probe', requests: { cpu: 1000 } }
        expect(mirror.scheduler.explain(probe)).toEqual(anew.scheduler.explain(probe))
        expect(names.map(name => mirror.scheduler.tasksOn(name))).toEqual(
          names.map(name => anew.scheduler.tasksOn(name)),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('says what a change did to the room', () => {
    const mirror = new ClusterMirror(packProfile())
    const node = nodeObject('n1', '2', '1')
    const bound = taskObject('default/a', 1, { nodeName: 'n1', resources: { requests: { cpu: '1' } } })
    expect(mirror.setNode('n1', node)).toEqual({ kind: 'node', node: 'n1' })
    expect(mirror.setNode('n1', nodeObject('n1', '2', '2'))).toEqual({ kind: 'none' })
    expect(mirror.setTask('default/a', bound)).toMatchObject({ kind: 'taken', node: 'n1' })
    expect(mirror.setTask('default/a', { ...bound, status: { phase: 'Failed' } })).toMatchObject({
      kind: 'freed',
      node: 'n1',
    })
    expect(mirror.setNode('n1', undefined)).toEqual({ kind: 'node', node: 'n1' })
  })

  test('a decision is outdated by tasks from elsewhere and by changes of the node, not by its own', () => {
    const mirror = new ClusterMirror(packProfile())
    mirror.setNode('n1', nodeObject('n1', '4', '1'))
    const decided = mirror.epochOf('n1')
    mirror.assume({ key: 'default/a', requests: { cpu: 1000 } }, taskObject('default/a', 1, {}))
    mirror.unassume('default/a')
    mirror.setTask(
      'default/a',
      taskObject('default/a', 2, { nodeName: 'n1', resources: { requests: { cpu: '1' } } }),
    )
    expect(mirror.epochOf('n1')).toBe(decided)
    mirror.setTask('default/b', taskObject('default/b', 1, { nodeName: 'n1' }))
    const later = mirror.epochOf('n1')
    expect(later).not.toBe(decided)
    mirror.setNode('n1', undefined)
    mirror.setNode('n1', nodeObject('n1', '4', '3'))
    expect([decided, later]).not.toContain(mirror.epochOf('n1'))
  })
})
