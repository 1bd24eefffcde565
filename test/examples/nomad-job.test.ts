import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readCluster } from '../../examples/capacity/cluster-file.js'
import { fromNomad } from '../../examples/manifests/nomad.js'

const folder = join(import.meta.dirname, '../../examples/capacity')
const cluster = join(folder, 'cluster.json')
const job = join(folder, 'shop-nomad.json')
const document = JSON.parse(readFileSync(job, 'utf8')) as { readonly Job: Record<string, unknown> }

describe('a job of Nomad', () => {
  test('is one request for each of a group, with the sum of its tasks, its priority and its constraints', () => {
    const problems: string[] = []
    expect(fromNomad(problems, document)).toEqual([
      {
        name: 'shop-api',
        count: 2,
        request: {
          group: 'shop-api',
          priority: 60,
          requests: { cpu: 750, memory: 640 * 2 ** 20 },
          constraints: [
            { attribute: 'node.unique.name', operator: 'notEquals', value: 'a1' },
            { attribute: 'node.unique.id', operator: 'unique' },
          ],
        },
      },
    ])
    expect(problems).toEqual([])
  })

  test.each([
    ['a field that is not known', { Periodic: {} }, 'Job Periodic is not supported here'],
    ['an operator that is not known', { Constraints: [{ LTarget: 'a', Operand: '~' }] }, 'Job Constraints.0'],
    [
      'a count that is none',
      { TaskGroups: [{ Name: 'g', Count: 'two' }] },
      'Job TaskGroups.0.Count must be a number',
    ],
  ])('with %s is refused by name', (_what, change, says) => {
    const problems: string[] = []
    fromNomad(problems, { Job: { ...document.Job, ...change } })
    expect(problems.join('\n')).toContain(says)
  })

  test('joins the queue of the capacity example, each of it by its own key', () => {
    const { queue } = readCluster(cluster, [job])
    expect(queue.map(({ key }) => key)).toEqual([
      'report-1',
      'report-2',
      'infer-1',
      'batch-1',
      'shop-api-1',
      'shop-api-2',
    ])
  })
})
