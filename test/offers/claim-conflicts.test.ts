import { describe, expect, test } from 'vitest'
import type { ClaimOptions, Session } from '../../src/offers/index.js'
import { heard, PoolWorld } from './pool-world.js'

/** A framework that claims of `a2`; what its claims came to, and what it was offered for them. */
class Claimant {
  readonly #session: Session
  #tasks = 0

  constructor() {
    const world = new PoolWorld()
    for (const id of ['a1', 'a2', 'a3']) world.agent(id, 'cpus:4')
    this.#session = world.pool.subscribe({ name: 'f', roles: ['r'] })
  }

  get offered(): readonly string[] {
    return heard(this.#session).offers.map(({ agent, resources: set }) => `${agent.id} ${set.toString()}`)
  }

  stale(agents: readonly string[] = ['a2']): void {
    this.#claim(agents, 1, { conflict: 'version' })
  }

  tooMuch(): void {
    this.#claim(['a2'], 64)
  }

  granted(): void {
    this.#claim(['a2'], 1)
  }

  malformed(): void {
    this.#claim(['a2'], -1)
  }

  #claim(agents: readonly string[], cpus: number, options: ClaimOptions = {}): void {
    const items = agents.map(agent => ({
      agent,
      seenVersion: -1,
      tasks: [{ id: `t${this.#tasks++}`, need: { cpus } }],
    }))
    this.#session.claim(items, options)
  }
}

describe('claims that conflict three times in a row earn an offer', () => {
  test('of the agents that the last one named, and of no others', () => {
    const claimant = new Claimant()
    claimant.stale(['a1'])
    claimant.tooMuch()
    expect(claimant.offered).toEqual([])
    claimant.stale(['a2', 'a3', 'a2'])
    expect(claimant.offered).toEqual(['a2 cpus:4', 'a3 cpus:4'])
  })

  test('and not before three more', () => {
    const claimant = new Claimant()
    for (let n = 0; n < 3; n++) claimant.stale()
    expect(claimant.offered).toHaveLength(1)
    for (let n = 0; n < 2; n++) claimant.stale(['a1'])
    expect(claimant.offered).toEqual([])
    claimant.stale(['a1'])
    expect(claimant.offered).toEqual(['a1 cpus:4'])
  })

  test('where one that is granted between them ends the row, and one that is refused otherwise does not', () => {
    const claimant = new Claimant()
    claimant.stale()
    claimant.stale()
    claimant.granted()
    claimant.stale()
    claimant.stale()
    claimant.malformed()
    expect(claimant.offered).toEqual([])
    claimant.stale()
    expect(claimant.offered).toEqual(['a2 cpus:3'])
  })
})
