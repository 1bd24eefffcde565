import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PlacementRequest, Remedy, Scheduler } from '../../src/scheduling/index.js'
import { createScheduler, findRemedies } from '../../src/scheduling/index.js'
import { nodeArbitrary, requestArbitrary } from './cluster-arbitrary.js'

/** Does what the remedy says, and asks for the request as it then is. */
function applied(scheduler: Scheduler, request: PlacementRequest, remedy: Remedy): boolean {
  const copy = scheduler.fork()
  switch (remedy.kind) {
    case 'ask-less':
      return copy.fits({ ...request, requests: { ...request.requests, ...remedy.amounts } }, remedy.node)
    case 'tolerate': {
      const more = remedy.taints.map(({ key, effect }) => ({ key, effect, operator: 'Exists' as const }))
      return copy.fits({ ...request, tolerations: [...(request.tolerations ?? []), ...more] }, remedy.node)
    }
    case 'evict':
      for (const key of remedy.keys) copy.removeTask(key)
      return copy.fits(request, remedy.node)
    case 'grow-node': {
      const node = copy.node(remedy.node)
      if (node === undefined) return false
      const more = Object.entries(remedy.amounts).map(([name, by]) => [
        name,
        (node.allocatable[name] ?? 0) + by,
      ])
      copy.updateNode({ ...node, allocatable: { ...node.allocatable, ...Object.fromEntries(more) } })
      return copy.fits(request, remedy.node)
    }
  }
}

test('each remedy helps, and changes nothing by being found', () => {
  const keys = Array.from({ length: 10 }, (_, index) => `t${index}`)
  fc.assert(
    fc.property(
      fc.uniqueArray(nodeArbitrary(), { selector: node => node.name, minLength: 1 }),
      fc.uniqueArray(requestArbitrary(keys), { selector: request => request.key }),
      requestArbitrary(['new']),
      (nodes, placed, request) => {
        const scheduler = createScheduler()
        for (const node of nodes) scheduler.addNode(node)
        for (const one of placed) scheduler.place(one)
        const before = scheduler.explain(request)
        const remedies = findRemedies(scheduler, request)
        expect(scheduler.explain(request)).toEqual(before)
        if (before.summary.available > 0) expect(remedies).toEqual([])
        for (const remedy of remedies)
          expect(applied(scheduler, request, remedy), JSON.stringify(remedy)).toBe(true)
      },
    ),
  )
})

test('names the amounts to the unit, the taint and the tasks', () => {
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'n1', allocatable: { cpu: 4000 } })
  scheduler.addNode({
    name: 'n2',
    allocatable: { cpu: 9000 },
    taints: [{ key: 'gpu', effect: 'NoSchedule' }],
  })
  scheduler.addTask({ key: 'web', node: 'n1', requests: { cpu: 2500 } })
  expect(findRemedies(scheduler, { key: 'db', requests: { cpu: 3000 } })).toEqual([
    { kind: 'ask-less', node: 'n1', amounts: { cpu: 1500 } },
    { kind: 'evict', node: 'n1', keys: ['web'] },
    { kind: 'grow-node', node: 'n1', amounts: { cpu: 1500 } },
    { kind: 'tolerate', node: 'n2', taints: [{ key: 'gpu', value: '', effect: 'NoSchedule' }] },
  ])
})

test('the node that lacks the least comes first, and nothing is no amount to ask for', () => {
  const scheduler = createScheduler()
  scheduler.addNode({ name: 'a', allocatable: { cpu: 9000 } })
  scheduler.addNode({ name: 'b', allocatable: { cpu: 9000, gpu: 1 } })
  const remedies = findRemedies(scheduler, { key: 'infer', requests: { cpu: 1000, gpu: 2 } })
  expect(remedies).toEqual([
    { kind: 'ask-less', node: 'b', amounts: { gpu: 1 } },
    { kind: 'grow-node', node: 'b', amounts: { gpu: 1 } },
    { kind: 'grow-node', node: 'a', amounts: { gpu: 2 } },
  ])
})
