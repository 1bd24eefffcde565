import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NodeDescription, TaskPlacement, VolumeClaim } from '../../src/scheduling/index.js'
import { createScheduler } from '../../src/scheduling/index.js'
import { volumesArbitrary } from './cluster-arbitrary.js'

const access = ({ access: said = 'ReadWriteOnce' }: VolumeClaim): string => said

/** The rules written out: whether tasks of one volume may be where they are. */
function mayShare(users: readonly { readonly claim: VolumeClaim; readonly node: string }[]): boolean {
  const isAlone = users.length === 1
  const isOneNode = new Set(users.map(({ node }) => node)).size === 1
  return users.every(({ claim, node }) => {
    if (access(claim) === 'ReadWriteOncePod') return isAlone
    return access(claim) !== 'ReadWriteOnce' || isOneNode || users.every(other => other.node === node)
  })
}

function isLawful(nodes: readonly NodeDescription[], tasks: readonly TaskPlacement[]): boolean {
  const uses = tasks.flatMap(({ node, volumes = [] }) => volumes.map(claim => ({ claim, node })))
  const names = [...new Set(uses.map(({ claim }) => claim.name))]
  return (
    names.every(name => mayShare(uses.filter(({ claim }) => claim.name === name))) &&
    nodes.every(({ name, labels = {}, volumeLimits = {} }) => {
      const here = uses.filter(({ node }) => node === name).map(({ claim }) => claim)
      const ofDriver = new Set(here.filter(({ driver }) => driver === 'csi').map(claim => claim.name))
      const reached = here.every(
        ({ topology }) =>
          topology?.some(({ matchExpressions = [] }) =>
            matchExpressions.every(({ key, values = [] }) => values.includes(labels[key] ?? '')),
          ) ?? true,
      )
      return reached && ofDriver.size <= (volumeLimits['csi'] ?? Number.POSITIVE_INFINITY)
    })
  )
}

const nodes: readonly NodeDescription[] = [
  { name: 'n1', labels: { zone: 'a' }, allocatable: {}, volumeLimits: { csi: 1 } },
  { name: 'n2', labels: { zone: 'b' }, allocatable: {}, volumeLimits: { csi: 2 } },
  { name: 'n3', labels: { zone: 'b' }, allocatable: {} },
]

test('a task is placed where the rules of all volumes hold with it, and refused where there is no such node', () => {
  fc.assert(
    fc.property(fc.array(volumesArbitrary, { maxLength: 8 }), claims => {
      const scheduler = createScheduler()
      for (const node of nodes) scheduler.addNode(node)
      const placed: TaskPlacement[] = []
      for (const [index, volumes] of claims.entries()) {
        // One driver for each volume, as a real one has.
        const request = { key: `t${index}`, volumes: volumes.map(one => ({ ...one, driver: 'csi' })) }
        const lawful = nodes.filter(({ name }) => isLawful(nodes, [...placed, { ...request, node: name }]))
        const result = scheduler.place(request)
        if (result.kind === 'placed') {
          expect(lawful.map(({ name }) => name)).toContain(result.node)
          placed.push({ ...request, node: result.node })
        } else expect(lawful).toEqual([])
        if (placed.length > 3) {
          const gone = placed.shift() as TaskPlacement
          scheduler.removeTask(gone.key)
        }
      }
    }),
    { numRuns: 150, seed: 13 },
  )
})

describe('why a volume keeps a task off a node', () => {
  const refusals = (first: VolumeClaim, second: VolumeClaim) => {
    const scheduler = createScheduler()
    for (const node of nodes) scheduler.addNode(node)
    scheduler.addTask({ key: 'first', node: 'n1', volumes: [first] })
    const { nodes: explained } = scheduler.explain({ key: 'second', volumes: [second] })
    const said = explained.map(({ node, filters }) => {
      const [reason] = filters.flatMap(({ reasons }) => reasons)
      return `${node} ${reason?.code ?? 'fits'}`
    })
    return said.sort()
  }
  const zone = (value: string) => [
    { matchExpressions: [{ key: 'zone', operator: 'In' as const, values: [value] }] },
  ]

  test.each<[string, VolumeClaim, VolumeClaim, readonly string[]]>([
    [
      'its zone is another',
      { name: 'x' },
      { name: 'y', topology: zone('b') },
      ['n1 VolumeTopology', 'n2 fits', 'n3 fits'],
    ],
    [
      'it is attached elsewhere, for one node',
      { name: 'v' },
      { name: 'v' },
      ['n1 fits', 'n2 VolumeElsewhere', 'n3 VolumeElsewhere'],
    ],
    [
      'the other wants it on one node',
      { name: 'v' },
      { name: 'v', access: 'ReadWriteMany' },
      ['n1 fits', 'n2 VolumeElsewhere', 'n3 VolumeElsewhere'],
    ],
    [
      'the other has it alone',
      { name: 'v', access: 'ReadWriteOncePod' },
      { name: 'v' },
      ['n1 VolumeInUse', 'n2 VolumeInUse', 'n3 VolumeInUse'],
    ],
    [
      'the node has as many of the driver as it takes',
      { name: 'v', driver: 'csi' },
      { name: 'w', driver: 'csi' },
      ['n1 VolumeLimit', 'n2 fits', 'n3 fits'],
    ],
    [
      'nothing: the node has it already',
      { name: 'v', driver: 'csi', access: 'ReadWriteMany' },
      { name: 'v', driver: 'csi', access: 'ReadWriteMany' },
      ['n1 fits', 'n2 fits', 'n3 fits'],
    ],
  ])('%s', (_why, first, second, expected) => {
    expect(refusals(first, second)).toEqual(expected)
  })

  test('of several tasks with a volume, the last that goes takes it off the node', () => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {}, volumeLimits: { csi: 1 } })
    const claim = (name: string) => ({ volumes: [{ name, driver: 'csi' }] })
    for (const key of ['a', 'b']) scheduler.addTask({ key, node: 'n', ...claim('v') })
    const fits = () => scheduler.fits({ key: 'other', ...claim('w') }, 'n')
    expect(fits()).toBe(false)
    scheduler.removeTask('a')
    expect(fits()).toBe(false)
    scheduler.removeTask('b')
    expect(fits()).toBe(true)
  })

  test.each<[VolumeClaim[], RegExp]>([
    [[{ name: '' }], /volumes\[0\].name: must be a text that is not empty/],
    [[{ name: 'v' }, { name: 'v' }], /volumes\[1\].name: is claimed twice/],
    [[{ name: 'v', access: 'Once' as never }], /volumes\[0\].access: must be one of ReadWriteOnce/],
    [
      [
        {
          name: 'v',
          topology: [{ matchFields: [{ key: 'other' as never, operator: 'In', values: ['n'] }] }],
        },
      ],
      /volumes\[0\].topology/,
    ],
  ])('%j is not acceptable, and nothing is placed', (volumes, expected) => {
    const scheduler = createScheduler()
    scheduler.addNode({ name: 'n', allocatable: {} })
    expect(() => scheduler.place({ key: 'a', volumes })).toThrow(expected)
    expect(scheduler.taskCount).toBe(0)
  })

  test.each([
    [{ volumeLimits: { csi: -1 } }, /volumeLimits.csi/],
    [{ failures: { f: Number.NaN } }, /failures.f/],
  ])('a node with %j is not acceptable', (more, expected) => {
    const scheduler = createScheduler()
    expect(() => scheduler.addNode({ name: 'n', allocatable: {}, ...more })).toThrow(expected)
    expect(scheduler.nodeCount).toBe(0)
  })
})
