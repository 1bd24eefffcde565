import { expect } from 'vitest'
import { parseCidr } from '../../src/core/text/cidr.js'
import type { AddressPool } from '../../src/discovery/index.js'
import { createAddressPool, kubernetesStaticBand } from '../../src/discovery/index.js'
import type { Case } from './discovery-case.js'

export function checkBands(example: Case): void {
  const rows = (example.input as readonly string[]).map(cidr => {
    const block = parseCidr(cidr)
    return {
      cidr,
      size: String(block.size),
      usable: String(createAddressPool({ cidrs: [cidr] }).stats(0).capacity),
      offset: kubernetesStaticBand(block),
    }
  })
  expect(rows).toEqual(example.expect)
}

const taken = 'ErrIPAlreadyAllocated'

/** Runs steps such as `t=2 alloc a`, `release 10.0.0.3`, `request 10.0.0.9`; any other word allocates for that owner. */
function run(pool: AddressPool, steps: readonly string[]): readonly string[] {
  const held = new Map<string, string>()
  return steps.map(step => {
    const [, time = '0', action = ''] = /^(?:t=(\d+) )?(.*)$/.exec(step) ?? []
    const nowMs = Number(time) * 1000
    const [verb = '', subject = ''] = action.split(' ')
    if (verb === 'release') {
      const address = held.get(subject) ?? subject
      expect(pool.release(address, nowMs)).toBe(true)
      return 'released'
    }
    if (verb === 'request') {
      try {
        pool.claim(subject, 'request', nowMs)
        return subject
      } catch (error) {
        expect(error).toMatchObject({ code: 'AlreadyExists' })
        return taken
      }
    }
    const owner = verb === 'alloc' ? subject.replace('svc=', '') : action
    const address = pool.allocate(owner, nowMs)
    held.set(owner, address)
    return address
  })
}

export function checkTrace(example: Case): void {
  const steps = example.input as readonly string[]
  const wanted = example.expect as readonly string[]
  const given = example.given ?? ''
  const cidr = /\d[\d.]+\/\d+/.exec(given)?.[0] ?? '10.0.0.0/29'
  if (given.includes('serial')) {
    const pool = createAddressPool({ cidrs: [cidr], strategy: { kind: 'next' }, quarantineMs: 0 })
    expect(run(pool, steps)).toEqual(wanted)
  } else if (given.includes('owner key')) {
    expect(run(createAddressPool({ cidrs: [cidr] }), steps)).toEqual(wanted)
  } else {
    const quarantineMs = 1000 * Number(/quarantine (\d+) s/.exec(given)?.[1])
    for (const [kind, label] of [
      ['next', 'next-fit'],
      ['lowest', 'lowest-fit'],
    ] as const) {
      const pool = createAddressPool({ cidrs: [cidr], strategy: { kind }, quarantineMs })
      expect(run(pool, steps)).toEqual(wanted.map(text => ofStrategy(text, label)))
    }
  }
}

/** `a (next-fit) | b (lowest-fit)` means a or b by strategy; remarks behind a word are dropped. */
function ofStrategy(text: string, label: string): string {
  const choice = text.split(' | ').find(part => part.includes(label)) ?? text
  return choice.replace(/ ?\(.*\)$/, '')
}
