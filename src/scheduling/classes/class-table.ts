import { LRUCache } from 'lru-cache'
import { compareText } from '../../core/internal.js'
import type { PlacementRequest } from '../requests/placement-request.js'
import { checkNewRequest, checkOwnFields, prepareRequest } from '../requests/placement-request.js'
import type { ClassContext } from './request-class.js'
import { RequestClass } from './request-class.js'

/** Fields of a request that decide where it fits and how well; the others are its own. */
const DECIDING = [
  'requests',
  'nodeSelector',
  'tolerations',
  'constraints',
  'hostPorts',
  'devices',
  'group',
  'labels',
  'namespace',
  'affinity',
  'spread',
  'preferences',
  'images',
  'platforms',
] as const

interface KnownClass {
  readonly sample: PlacementRequest
  readonly instances: number | undefined
  readonly one: RequestClass
}

/** Requests that were found last, by the identity of their amounts. */
type Recent = WeakMap<object, KnownClass>

/** The classes that are remembered, the least recently used of which are forgotten first. */
export class ClassTable {
  readonly #context: ClassContext
  readonly #classes: LRUCache<string, RequestClass>
  #recent: Recent = new WeakMap()

  /** @param classesMax how many classes are remembered */
  constructor(context: ClassContext, classesMax: number) {
    this.#context = context
    this.#classes = new LRUCache({
      max: classesMax,
      dispose: one => {
        this.#recent = new WeakMap()
        one.release()
      },
    })
  }

  get size(): number {
    return this.#classes.size
  }

  /**
   * The class of a request.
   *
   * @throws InvalidError when the request is not acceptable
   */
  of(request: PlacementRequest): RequestClass {
    const { requests } = request
    const recent = requests === undefined ? undefined : this.#recent.get(requests)
    if (recent !== undefined && isAlike(request, recent)) {
      checkOwnFields(request)
      return recent.one
    }
    checkNewRequest(request)
    const instances = instancesOf(request)
    const key = classKey(request)
    let one = this.#classes.get(key)
    if (one === undefined) {
      one = new RequestClass(prepareRequest(request, this.#context.table.columns), this.#context)
      this.#classes.set(key, one)
    }
    if (requests !== undefined) this.#recent.set(requests, { sample: request, instances, one })
    return one
  }
}

/** Whether the request has the very same parts. */
function isAlike(request: PlacementRequest, { sample, instances }: KnownClass): boolean {
  for (let index = 0; index < DECIDING.length; index++) {
    const field = DECIDING[index] as (typeof DECIDING)[number]
    if (request[field] !== sample[field]) return false
  }
  return instances === undefined || request.instances === instances
}

/** Equal for requests of one class: those that ask for the same. */
export function classKey(request: PlacementRequest): string {
  const amounts = Object.entries(request.requests ?? {}).filter(([, amount]) => amount !== 0)
  const others = DECIDING.slice(1).map(field => request[field] ?? null)
  const parts = [amounts.sort(([a], [b]) => compareText(a, b)), ...others, instancesOf(request) ?? null]
  return JSON.stringify(parts)
}

/** Only `groupBy` with a number shares out the instances. */
function instancesOf({ constraints = [], instances }: PlacementRequest): number | undefined {
  const counts = constraints.some(({ operator, value }) => operator === 'groupBy' && value !== undefined)
  return counts ? instances : undefined
}
