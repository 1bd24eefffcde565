import { describe, expect, test } from 'vitest'
import type { Allocator, AuditEntry, Quantities } from '../../src/offers/index.js'
import { createAllocator, resources } from '../../src/offers/index.js'

/** `rich` has 6 of 10 cpus, `poor` 1 and waits for more; each in a role of its own. */
function uneven(weights: Readonly<Record<string, number>> = {}): Allocator {
  const allocator = createAllocator()
  allocator.apply(
    { type: 'agent', agent: { id: 'a1', resources: resources('cpus:10;mem:100') } },
    { type: 'framework', id: 'rich', roles: [{ role: 'r' }] },
    { type: 'framework', id: 'poor', roles: [{ role: 'p', demand: [{ shape: { cpus: 2 }, count: 3 }] }] },
    { type: 'quota', role: 'p', quota: { guarantees: { cpus: 4 } } },
  )
  for (const [role, weight] of Object.entries(weights)) allocator.apply({ type: 'weight', role, weight })
  take(allocator, 'rich', 'r', { cpus: 6, mem: 10 })
  take(allocator, 'poor', 'p', { cpus: 1, mem: 40 })
  return allocator
}

function take(allocator: Allocator, framework: string, role: string, amounts: Quantities): void {
  allocator.apply({ type: 'take', framework, role, agent: 'a1', resources: resources(amounts) })
}

const entryOf = (allocator: Allocator, path: string): AuditEntry | undefined =>
  allocator.audit().find(entry => entry.path === path)

describe('an audit', () => {
  test('tells the largest part of any resource, divided by the weight, and which resource it is', () => {
    const allocator = uneven({ r: 2 })
    expect(entryOf(allocator, 'r')).toMatchObject({ share: 0.3, dominant: 'cpus', weight: 2 })
    expect(entryOf(allocator, 'p')).toMatchObject({ share: 0.4, dominant: 'mem', weight: 1 })
  })

  test('tells what is missing to a guarantee, until nothing is', () => {
    const allocator = uneven()
    expect(entryOf(allocator, 'p')?.unmetGuarantee).toEqual({ cpus: 3 })
    expect(entryOf(allocator, 'r')?.unmetGuarantee).toEqual({})
    take(allocator, 'poor', 'p', { cpus: 3 })
    expect(entryOf(allocator, 'p')?.unmetGuarantee).toEqual({})
  })

  test('tells what is asked for and held by no open offer', () => {
    const allocator = uneven()
    expect(entryOf(allocator, 'p/poor')?.waiting).toEqual({ cpus: 6 })
    expect(allocator.run(0).map(({ framework }) => framework)).toContain('poor')
    expect(entryOf(allocator, 'p/poor')?.waiting).toEqual({ cpus: 4 })
  })

  test.each<readonly [string, Readonly<Record<string, number>>, readonly string[]]>([
    ['could run more of its tasks with what another one has', {}, ['r/rich']],
    ['could with the part of it that its own weight is worth', { p: 1, r: 2 }, ['r/rich']],
    ['could not with that part', { p: 1, r: 6 }, []],
  ])('names whom a framework envies, which %s', (_when, weights, envies) => {
    const allocator = uneven(weights)
    expect(entryOf(allocator, 'p/poor')?.envies).toEqual(envies)
    expect(entryOf(allocator, 'r/rich')?.envies, 'who asks for nothing in particular').toEqual([])
  })

  test('of who does not take part names nobody', () => {
    const allocator = uneven()
    allocator.apply({ type: 'suppress', framework: 'poor' })
    expect(entryOf(allocator, 'p/poor')?.envies).toEqual([])
  })
})

describe('grants in parts of an agent', () => {
  test.each([
    [{ share: 0.25 }, [2.5, 25], 1],
    [{ share: 1 }, [10, 100], 1],
    ['agent', [10, 100], 1],
  ] as const)('with the grain %j one grant is at most %j', (grain, [cpus, mem], grants) => {
    const allocator = createAllocator({ grain })
    allocator.apply(
      { type: 'agent', agent: { id: 'a1', resources: resources('cpus:10;mem:100') } },
      { type: 'framework', id: 'f', roles: [{ role: 'r' }] },
    )
    const made = allocator.run(0).map(grant => grant.resources.quantities())
    expect(made).toEqual(Array.from({ length: grants }, () => ({ cpus, mem })))
  })

  test('what one leaves goes to the others, in the same pass', () => {
    const allocator = createAllocator({ grain: { share: 0.25 } })
    allocator.apply({ type: 'agent', agent: { id: 'a1', resources: resources('cpus:8;ports:[1-8]') } })
    for (const id of ['f', 'g', 'h']) allocator.apply({ type: 'framework', id, roles: [{ role: id }] })
    const made = allocator.run(0)
    expect(made.map(({ framework }) => framework).sort()).toEqual(['f', 'g', 'h'])
    for (const grant of made) expect(grant.resources.quantities()).toEqual({ cpus: 2 })
    const ports = made.flatMap(({ resources: set }) => [...set].filter(({ name }) => name === 'ports'))
    expect(ports.map(({ value }) => value)).toEqual([[[1, 2]], [[3, 4]], [[5, 6]]])
  })
})
