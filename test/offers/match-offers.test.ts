import { describe, expect, test } from 'vitest'
import type { AgentSpec, MatchOptions, NoMatchReason, Offer, Want } from '../../src/offers/index.js'
import { binPackFitness, matchOffers, resources, spreadFitness } from '../../src/offers/index.js'

const NOW_MS = 1_000_000

function offerOf(id: string, { text = 'cpus:4', role = 'r', ...agent }: OfferParts = {}): Offer {
  const set = resources(text)
  return { id: `of ${id}`, role, agent: { id, resources: set, ...agent }, resources: set }
}

interface OfferParts extends Partial<Omit<AgentSpec, 'id' | 'resources'>> {
  readonly text?: string
  readonly role?: string
}

const want = (id: string, more: Partial<Want> = {}): Want => ({ id, need: { cpus: 1 }, ...more })

/** By want, the agent where it goes. */
function placesOf(
  wants: readonly Want[],
  offers: readonly Offer[],
  options?: MatchOptions,
): Readonly<Record<string, string>> {
  const { assign } = matchOffers(wants, offers, options)
  return Object.fromEntries(assign.map(({ want: { id }, offer }) => [id, offer.agent.id]))
}

describe('a want without a place is told why, offer by offer, and what would help', () => {
  const zone = [{ attribute: 'zone', operator: 'equals', value: 'z1' }] as const
  const inZone = { attributes: { zone: 'z2' } }
  const unique = [{ attribute: 'zone', operator: 'unique' }] as const
  const placed = { placed: [{ group: 'g', agent: offerOf('a0', inZone).agent }] }
  const away = { unavailability: { startMs: NOW_MS + 5_000, durationMs: 1_000 } }

  test.each<readonly [NoMatchReason, Partial<Want>, OfferParts, MatchOptions, readonly string[]]>([
    ['backoff', { readyAtMs: NOW_MS + 1 }, {}, { nowMs: NOW_MS }, ['wait, or reset the backoff']],
    ['role', { roles: ['s'] }, {}, {}, []],
    ['constraint', { constraints: zone }, inZone, {}, ['an agent with another zone']],
    [
      'constraint',
      { constraints: unique, group: 'g' },
      inZone,
      placed,
      ['another value of zone', 'stop one first'],
    ],
    [
      'locality',
      { locality: [['a9']], localityMax: 0 },
      {},
      {},
      ['wait for a nearer offer, or take more distant ones'],
    ],
    ['reservation', { reserved: { disk: 'fast' } }, {}, {}, []],
    ['maintenance', {}, away, { nowMs: NOW_MS, drainingMs: 6_000 }, []],
    ['resource', { need: { cpus: 5 } }, {}, {}, ['an agent with more cpus']],
    ['ports', { ports: [80] }, { text: 'cpus:4;ports:[1000-1001]' }, {}, ['other ports']],
    ['scarce', {}, { text: 'cpus:4;gpus:1' }, { scarce: ['gpus'] }, []],
    ['full', {}, {}, { perOffer: 0 }, []],
  ])('%s', (code, wants, offer, options, helps) => {
    const { assign, unmatched, unused } = matchOffers([want('w', wants)], [offerOf('a1', offer)], options)
    expect(assign).toEqual([])
    const [found] = unmatched
    expect(found?.reasons.reasons.map(each => [each.code, each.count])).toEqual([[code, 1]])
    expect(found?.helps).toEqual(helps)
    expect(unused.map(({ agent }) => agent.id)).toEqual(['a1'])
  })

  test('with no offers, more of them would', () => {
    expect(matchOffers([want('w')], []).unmatched[0]?.helps).toEqual(['more offers'])
  })
})

describe('what kept a want away does so no longer', () => {
  test.each<readonly [string, Partial<Want>, OfferParts, MatchOptions]>([
    ['once its backoff is over', { readyAtMs: NOW_MS }, {}, { nowMs: NOW_MS }],
    ['by a role that it may use', { roles: ['s', 'r'] }, {}, {}],
    [
      'at the level that it takes',
      { locality: [['a9'], ['rack-1']], localityMax: 1 },
      { topology: ['rack-1'] },
      {},
    ],
    [
      'long enough before the absence',
      {},
      { unavailability: { startMs: NOW_MS + 5_000 } },
      { nowMs: NOW_MS, drainingMs: 5_000 },
    ],
    ['after the absence', {}, { unavailability: { startMs: NOW_MS - 10, durationMs: 9 } }, { nowMs: NOW_MS }],
    [
      'where it needs what is scarce',
      { need: { cpus: 1, gpus: 1 } },
      { text: 'cpus:4;gpus:1' },
      { scarce: ['gpus'] },
    ],
  ])('%s', (_when, wants, offer, options) => {
    expect(placesOf([want('w', wants)], [offerOf('a1', offer)], options)).toEqual({ w: 'a1' })
  })

  test('by a reservation under its labels, of which alone it takes', () => {
    const set = resources([
      { name: 'cpus', value: 2, reservations: [{ role: 'r', labels: { disk: 'fast', rack: '1' } }] },
      { name: 'cpus', value: 2, reservations: [{ role: 'r', labels: { disk: 'slow' } }] },
      { name: 'cpus', value: 4 },
    ])
    const offer = { ...offerOf('a1'), resources: set }
    const { assign, unmatched } = matchOffers(
      ['w1', 'w2', 'w3'].map(id => want(id, { reserved: { disk: 'fast' } })),
      [offer],
    )
    const labels = assign.flatMap(({ take }) =>
      [...take].map(each => each.reservations?.at(-1)?.labels?.['disk']),
    )
    expect(labels).toEqual(['fast', 'fast'])
    expect(unmatched.map(each => each.want.id)).toEqual(['w3'])
  })
})

describe('of several offers that would do', () => {
  const half = { ...offerOf('half'), resources: resources('cpus:2') }
  const empty = offerOf('empty')

  test.each<readonly [string, MatchOptions, string]>([
    ['the first, where nothing says which is better', {}, 'empty'],
    ['the fullest, to keep others free', { fitness: binPackFitness() }, 'half'],
    ['the emptiest, to spread', { fitness: spreadFitness() }, 'empty'],
    ['the first that is good enough', { fitness: binPackFitness(), goodEnough: 0.25 }, 'empty'],
  ])('%s', (_which, options, place) => {
    expect(placesOf([want('w')], [empty, half], options)).toEqual({ w: place })
  })

  test.each<readonly [string, readonly number[], string]>([
    ['the one with more of its preferences', [1, 1, 1], 'both'],
    ['the one with the heavier of them', [1, 5, 0], 'b'],
    ['a better fit does not make up for all of them', [1, 1, 1], 'both'],
  ])('%s', (_which, [a = 1, b = 1, both = 0], place) => {
    const offers = [
      offerOf('a', { attributes: { a: 'yes' } }),
      offerOf('b', { attributes: { b: 'yes' } }),
      ...(both === 0 ? [] : [offerOf('both', { attributes: { a: 'yes', b: 'yes' } })]),
    ]
    const prefer = [
      { constraint: { attribute: 'a', operator: 'exists' }, weight: a },
      { constraint: { attribute: 'b', operator: 'exists' }, weight: b },
    ] as const
    expect(placesOf([want('w', { prefer })], offers)).toEqual({ w: place })
  })

  test('preferences are half of the score, and never a condition', () => {
    const prefer = [{ constraint: { attribute: 'ssd', operator: 'exists' } }] as const
    const [found] = matchOffers([want('w', { prefer })], [half], { fitness: binPackFitness() }).assign
    expect(found?.score).toBe(0.75 / 2)
    const ssd = offerOf('ssd', { attributes: { ssd: 'yes' } })
    expect(placesOf([want('w', { prefer })], [half, ssd], { fitness: binPackFitness() })).toEqual({
      w: 'ssd',
    })
  })

  test('higher priorities choose first, and equals in the order in which they were named', () => {
    const wants = [want('low'), want('first', { priority: 1 }), want('second', { priority: 1 })]
    expect(placesOf(wants, [offerOf('a1', { text: 'cpus:2' })])).toEqual({ first: 'a1', second: 'a1' })
  })

  test('no more tasks go on one than it may have', () => {
    const wants = ['w1', 'w2', 'w3'].map(id => want(id))
    const offers = [offerOf('a1'), offerOf('a2')]
    expect(placesOf(wants, offers, { perOffer: 1 })).toEqual({ w1: 'a1', w2: 'a2' })
  })
})
