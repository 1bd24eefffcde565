import { expect } from 'vitest'
import { canonicalIp } from '../../src/core/internal.js'
import { parseCidr } from '../../src/core/text/cidr.js'
import { allocateFamilies, createPortPool, namedAddress } from '../../src/discovery/addresses/index.js'
import type { AddressPool } from '../../src/discovery/index.js'
import { createAddressPool, kubernetesStaticBand } from '../../src/discovery/index.js'
import { mesosDomain, mesosLabel } from '../../src/discovery/names/index.js'
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

const refusals: Readonly<Record<string, string>> = {
  AlreadyExists: 'ErrBitAllocated',
  OutOfRange: 'ErrOutOfSet',
}

/** Steps `get`, `claim 8080` and `release 30000` on the dynamic range of one protocol. */
export function checkPorts(example: Case): void {
  const [, first = '', last = ''] = /dynamic (\d+)-(\d+)/.exec(example.given ?? '') ?? []
  const pool = createPortPool({ first: Number(first), last: Number(last), claimAny: true })
  const found = (example.input as readonly string[]).map((step, i) => {
    const [verb, text] = step.split(' ')
    if (verb === 'get') return pool.allocate(`owner-${i}`)
    const port = Number(text)
    if (verb === 'release') return pool.release(port) ? 'released' : 'not held'
    try {
      pool.claim(port, `owner-${i}`)
      return port
    } catch (error) {
      return refusals[(error as { code: string }).code]
    }
  })
  expect(found).toEqual(example.expect)
}

/** Names such as `/group/web` of a framework: slashes go, as every character does that a label cannot have. */
export function checkNamed(example: Case): void {
  const [, first = '', last = ''] = /range (\S+) … (\S+),/.exec(example.given ?? '') ?? []
  const wanted = example.expect as readonly { name: string; ip: string }[]
  const rows = (example.input as readonly [string, string][]).map(([label, framework]) => {
    const name = `${mesosLabel(label)}.${mesosDomain(framework)}`
    return { name, address: namedAddress(name, { first, last }) }
  })
  const canonical = wanted.map(({ name, ip }) => ({ name, address: canonicalIp(ip) }))
  expect(rows).toEqual(canonical)
}

/** All families or none: what was had of one is given back when another has none. */
export function checkFamilies(example: Case): void {
  const [, v4 = '', v6 = ''] = /pools v4 (\S+) .* v6 (\S+)/.exec(example.given ?? '') ?? []
  const { error, v6Leaked } = example.expect as { error: string; v6Leaked: boolean }
  const full = createAddressPool({ name: 'v4', cidrs: [v4] })
  const other = createAddressPool({ name: 'v6', cidrs: [v6] })
  for (const owner of ['a', 'b']) full.allocate(owner, 0)
  const { free } = other.stats(0)
  const requests = [
    { family: 6, pool: other },
    { family: 4, pool: full },
  ] as const
  const [code = '', pool] = error.replace(')', '').split('(')
  let thrown: unknown
  try {
    allocateFamilies(requests, 'c', 0)
  } catch (caught) {
    thrown = caught
  }
  expect(thrown).toMatchObject({ code, details: { pool } })
  expect(other.stats(0).free < free).toBe(v6Leaked)
}
