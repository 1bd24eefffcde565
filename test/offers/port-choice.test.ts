import { describe, expect, test } from 'vitest'
import type { Offer, Want } from '../../src/offers/index.js'
import { matchOffers, resources } from '../../src/offers/index.js'

function offerOf(ports: Parameters<typeof resources>[0]): Offer {
  const set = resources('cpus:4').plus(resources(ports))
  return { id: 'o1', agent: { id: 'a1', resources: set }, role: 'eng', resources: set }
}

function portsFor(ports: Want['ports'] & object): readonly (number | null)[] | undefined {
  const offer = offerOf([
    { name: 'ports', value: [[31_000, 31_003]] },
    { name: 'ports', value: [[30_000, 30_001]], reservations: [{ role: 'eng' }] },
  ])
  const { assign } = matchOffers([{ id: 't', need: { cpus: 1 }, ports }], [offer])
  const [found] = assign
  if (found !== undefined) expect(offer.resources.contains(found.take)).toBe(true)
  return found?.ports
}

describe('ports of a task', () => {
  test.each<readonly [string, Want['ports'] & object, readonly (number | null)[] | undefined]>([
    ['come from the reservation of the role first', [0], [30_000]],
    ['then from what is unreserved', [0, 0, 0], [30_000, 30_001, 31_000]],
    ['are those that were asked for, wherever they are', [31_002, 0, 30_000], [31_002, 30_001, 30_000]],
    ['are none where none is asked for', [null, 0], [null, 30_000]],
    ['may be all', [0, 0, 0, 0, 0, 0], [30_000, 30_001, 31_000, 31_001, 31_002, 31_003]],
    ['cannot be more', [0, 0, 0, 0, 0, 0, 0], undefined],
  ])('%s', (_what, asked, expected) => {
    expect(portsFor(asked)).toEqual(expected)
  })
})
