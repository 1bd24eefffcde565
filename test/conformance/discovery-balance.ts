import { expect } from 'vitest'
import type { MaglevPermutation } from '../../src/discovery/balance/index.js'
import {
  createClientAffinity,
  createRoundRobin,
  maglevPermutation,
  maglevTable,
  orderSrv,
} from '../../src/discovery/balance/index.js'
import type { Case } from './discovery-case.js'

export function checkBalance(example: Case): void {
  const { given = '', input } = example
  const size = Number(/\bM=(\d+)/.exec(given)?.[1])
  if (example.kind === 'error') checkRefusedSize(size, example)
  else if (Number.isInteger(size)) checkMaglev(example, size)
  else if (example.kind === 'trace') checkAffinity(example)
  else if (typeof input === 'object' && input !== null && 'records' in input) checkSrv(example)
  else checkTurns(example)
}

function checkRefusedSize(size: number, { expect: wanted }: Case): void {
  const { error } = wanted as { error: string }
  expect(() => maglevTable([{ offset: 0, skip: 1 }], size)).toThrow(error)
}

function checkMaglev(example: Case, size: number): void {
  const { perms, backends, weights } = example.input as {
    perms?: readonly (MaglevPermutation | null)[]
    backends?: readonly string[]
    weights?: readonly number[]
  }
  const own = backends?.map((name, i) => {
    const { offset, skip } = maglevPermutation(name, size)
    const weight = weights?.[i]
    return weight === undefined ? { offset, skip } : { offset, skip, weight }
  })
  if (own !== undefined && perms !== undefined) expect(own).toEqual(perms)
  const permutations = own ?? (perms ?? []).map(permutation => permutation ?? undefined)
  expect([...maglevTable(permutations, size)]).toEqual(example.expect)
}

interface Record {
  readonly target: string
  readonly priority: number
  readonly weight: number
}

/** One list of draws, or several, each of which gives an order. */
function checkSrv(example: Case): void {
  const { records, rands } = example.input as {
    records: readonly Record[]
    rands: readonly number[] | readonly (readonly number[])[]
  }
  const run = (draws: readonly number[]): { order: readonly string[]; randsUsed: number } => {
    let randsUsed = 0
    const order = orderSrv(records, () => draws[randsUsed++] ?? 0).map(({ target }) => target)
    return { order, randsUsed }
  }
  const isMany = Array.isArray(rands[0])
  const lists = (isMany ? rands : [rands]) as readonly (readonly number[])[]
  expect(isMany ? lists.map(list => run(list).order) : run(lists[0] ?? [])).toEqual(example.expect)
}

function checkTurns(example: Case): void {
  const { picks } = example.input as { picks: number }
  const candidates = [...(example.given ?? '').matchAll(/\b([a-z])(\d+)\b/g)].map(([, id = '', weight]) => ({
    id,
    weight: Number(weight),
  }))
  const balancer = createRoundRobin()
  balancer.update(candidates)
  expect(Array.from({ length: picks }, () => balancer.pick())).toEqual(example.expect)
}

/** Steps `t=10 c1->A` (a first pick), `t=20 c1` (a later one) and `A removed`. */
function checkAffinity(example: Case): void {
  const timeoutMs = 1000 * Number(/timeout (\d+) s/.exec(example.given ?? '')?.[1])
  const affinity = createClientAffinity({ timeoutMs })
  let eligible = new Set(['A', 'B'])
  affinity.update(eligible)
  const found = (example.input as readonly string[]).map(step => {
    const gone = /^(\S+) removed$/.exec(step)?.[1]
    if (gone !== undefined) {
      eligible = new Set([...eligible].filter(id => id !== gone))
      affinity.update(eligible)
      return ''
    }
    const [, time, client = '', first] = /^t=(\d+) (\w+)(?:->(\w+))?$/.exec(step) ?? []
    const nowMs = 1000 * Number(time)
    const kept = affinity.find(client, nowMs)
    if (kept === undefined) affinity.keep(client, first ?? [...eligible][0] ?? '', nowMs)
    return kept ?? first ?? 're-picked'
  })
  const wanted = (example.expect as readonly string[]).map(text => text.split(' ')[0])
  expect(found).toEqual(wanted)
}
