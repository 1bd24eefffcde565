import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { TaskSpec } from '../../../src/api/index.js'
import { Task } from '../../../src/api/index.js'
import { PendingTasks } from '../../../src/scheduling/shell/pending-tasks.js'
import { compareTasks } from '../../../src/scheduling/shell/task-object.js'
import { TaskQueue } from '../../../src/scheduling/shell/task-queue.js'

function task(name: string, spec: TaskSpec, createdMs = 0): Task {
  return {
    apiVersion: 'v1',
    kind: Task.kind,
    metadata: {
      namespace: 'default',
      name,
      uid: name,
      resourceVersion: '1',
      generation: 1,
      creationTimestamp: new Date(createdMs).toISOString(),
      labels: {},
      annotations: {},
      ownerReferences: [],
      finalizers: [],
    },
    spec,
  }
}

type Step =
  | { readonly kind: 'open' | 'bound'; readonly at: number; readonly gang: number; readonly min: number }
  | { readonly kind: 'gone'; readonly at: number }

const steps = fc.array(
  fc.oneof(
    fc.record({
      kind: fc.constantFrom('open' as const, 'bound' as const),
      at: fc.nat(15),
      gang: fc.nat(2),
      min: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant('gone' as const), at: fc.nat(15) }),
  ),
  { maxLength: 40 },
)

describe('the order of what is to be tried', () => {
  test('law: at every time it is the order by what is true then, whatever became of gangs since a task was put in', () => {
    fc.assert(
      fc.property(steps, script => {
        const queue = new TaskQueue({
          schedulerName: undefined,
          compare: compareTasks,
          backoff: { baseMs: 100, maxMs: 100 },
          turns: undefined,
          waitingMax: 100,
        })
        const now = new Map<string, Task>()
        for (const step of script as readonly Step[]) {
          const key = `default/t${step.at}`
          if (step.kind === 'gone') now.delete(key)
          else {
            const gang = { name: `g${step.gang}`, minMembers: step.min }
            const spec = step.kind === 'bound' ? { gang, nodeName: 'n' } : { gang }
            now.set(key, task(`t${step.at}`, spec, (step.at * 7) % 16))
          }
          queue.note(key, now.get(key))
          expect(queue.pending.peek()?.metadata.name).toBe(firstOf([...now.values()])?.metadata.name)
        }
      }),
      { numRuns: 150, seed: 3 },
    )
  })
})

/** By a look at all of them. */
function firstOf(tasks: readonly Task[]): Task | undefined {
  const isBelow = ({ spec }: Task): boolean => {
    const members = tasks.filter(other => other.spec.gang?.name === spec.gang?.name)
    const bound = members.filter(other => other.spec.nodeName !== undefined).length
    return bound > 0 && bound < Math.max(...members.map(other => other.spec.gang?.minMembers ?? 1))
  }
  return tasks
    .filter(({ spec }) => spec.nodeName === undefined)
    .sort((a, b) => Number(isBelow(b)) - Number(isBelow(a)) || compareTasks(a, b))[0]
}

test('law: tasks come out in order, however many came before the first was asked for, and between', () => {
  const round = fc.record({
    added: fc.array(fc.record({ at: fc.nat(300), createdMs: fc.nat(50) }), { maxLength: 150 }),
    gone: fc.array(fc.nat(300), { maxLength: 20 }),
    taken: fc.nat(60),
  })
  fc.assert(
    fc.property(fc.array(round, { maxLength: 6 }), rounds => {
      const pending = new PendingTasks(compareTasks)
      const now = new Map<string, Task>()
      const takeOne = (): void => {
        const [first] = [...now.values()].sort(compareTasks)
        expect(pending.first()?.task).toBe(first)
        expect(pending.take()).toBe(first)
        if (first !== undefined) now.delete(first.metadata.name)
      }
      for (const { added, gone, taken } of rounds) {
        for (const { at, createdMs } of added) {
          const one = task(`t${at}`, {}, createdMs)
          now.set(one.metadata.name, one)
          pending.set(one.metadata.name, one, { isBelowMinimum: false })
        }
        for (const at of gone) {
          now.delete(`t${at}`)
          pending.delete(`t${at}`)
        }
        for (let count = 0; count < taken; count++) takeOne()
        expect(pending.size).toBe(now.size)
      }
      while (now.size > 0) takeOne()
      expect(pending.take()).toBeUndefined()
    }),
    { numRuns: 15 },
  )
})
