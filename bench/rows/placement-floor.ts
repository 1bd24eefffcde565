import type { PlacementRequest } from 'keelson/scheduling'
import type { Measurement } from '../frame/measure.js'
import { measure } from '../frame/measure.js'
import type { Row } from '../frame/row.js'

interface Entry {
  readonly task: PlacementRequest & { readonly node: string }
  before: Entry | undefined
  after: Entry | undefined
}

const SCORES = ['first', 'second', 'third', 'fourth'] as const

/** What is left of a placement when nothing is chosen: it is looked up, recorded, counted and answered. */
export const placementFloor: Row['floor'] & {} = {
  title:
    'the record alone: a look by key, the placement by key and by node, sums, an answer with four scores',
  run: size => recordAlone(size),
  timesMax: 4,
}

/** Placed before, until what they run through is compiled. */
const WARM = 10_000
const REQUESTS = { cpu: 100, memory: 500 }

function recordAlone(size: number): Promise<Measurement> {
  const place = recorder(size)
  const warm = recorder(size)
  for (const request of requestsOf(0, WARM)) warm(request)
  return measure({
    batch: 500,
    operations: Math.min(size * 20, 200_000),
    prepare: requestsOf,
    run: (batch: readonly PlacementRequest[]) => batch.forEach(place),
  })
}

function requestsOf(from: number, count: number): readonly PlacementRequest[] {
  return Array.from({ length: count }, (_, index) => ({ key: `t${from + index}`, requests: REQUESTS }))
}

function recorder(size: number): (request: PlacementRequest) => void {
  const byKey = new Map<string, Entry>()
  const byNode = new Map<string, Entry>()
  const names = Array.from({ length: size }, (_, index) => `n${String(index).padStart(6, '0')}`)
  const cpu = new Float64Array(size)
  const memory = new Float64Array(size)
  let answers = 0
  return request => {
    if (byKey.has(request.key)) throw new Error('each is placed once')
    const slot = (answers / SCORES.length) % size
    const node = names[slot] as string
    const first = byNode.get(node)
    const entry: Entry = { task: Object.assign({ node }, request), before: first, after: undefined }
    if (first !== undefined) first.after = entry
    byNode.set(node, entry)
    byKey.set(request.key, entry)
    cpu[slot] = (cpu[slot] as number) + REQUESTS.cpu
    memory[slot] = (memory[slot] as number) + REQUESTS.memory
    const score = cpu[slot] / (slot + 1)
    const scores = SCORES.map(plugin => ({ plugin, score, weight: 1 }))
    answers += { kind: 'placed', node, score, scores }.scores.length
  }
}
