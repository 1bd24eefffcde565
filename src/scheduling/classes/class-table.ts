import { LRUCache } from 'lru-cache'
import type { Profile } from '../plugins/plugin.js'
import type { PlacementRequest, PreparedRequest, RequestField } from '../requests/placement-request.js'
import {
  checkNewRequest,
  checkOwnFields,
  DECIDING_FIELDS,
  hasSameParts,
  prepareRequest,
  resourcesOf,
} from '../requests/placement-request.js'
import type { ClassContext } from './class-plugins.js'
import { RequestClass } from './request-class.js'
import type { StaticPlugins } from './request-family.js'
import { RequestFamily } from './request-family.js'

/** Of how many families the nodes are kept sorted; each takes about 150 bytes for each node. */
const FAMILIES_MAX = 8

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
  readonly #families = new LRUCache<string, RequestFamily>({ max: FAMILIES_MAX })
  /** The fields that static plugins of the profile read. */
  readonly #readFields: readonly RequestField[]
  readonly #recent: Recent = new WeakMap()
  /** Of classes that are not kept yet. */
  readonly #seen = new Set<string>()

  /** @param classesMax how many classes are remembered */
  constructor(context: ClassContext, classesMax: number) {
    this.#context = context
    this.#readFields = fieldsRead(context.profile)
    this.#classes = new LRUCache({
      max: classesMax,
      dispose: one => one.release(),
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
    if (recent !== undefined && !recent.one.isReleased && isAlike(request, recent)) {
      checkOwnFields(request)
      return recent.one
    }
    checkNewRequest(request)
    const key = classKey(request)
    const known = this.#classes.get(key)
    if (known !== undefined) {
      // Amounts that come but once are not worth remembering.
      if (requests !== undefined)
        this.#recent.set(requests, { sample: request, instances: instancesOf(request), one: known })
      return known
    }
    const familyKey = this.#familyKeyOf(request)
    const prepared = prepareRequest(request, this.#context.table.columns)
    const one = new RequestClass(prepared, this.#context, (of, statics) =>
      this.#familyOf(familyKey, of, statics),
    )
    const isSorted = one.plugins.search !== undefined && this.#families.get(familyKey)?.isSorted === true
    if (!isSorted || this.#isSeen(key)) this.#classes.set(key, one)
    return one
  }

  #familyKeyOf(request: PlacementRequest): string {
    if (this.#readFields.every(field => request[field] === undefined)) return ''
    return JSON.stringify(this.#readFields.map(field => request[field] ?? null))
  }

  /** Whether it was asked before. Where nodes are sorted, a class is kept from its second request on: most come but once. */
  #isSeen(key: string): boolean {
    if (this.#seen.delete(key)) return true
    if (this.#seen.size >= this.#classes.max) this.#seen.clear()
    this.#seen.add(key)
    return false
  }

  #familyOf(key: string, request: PreparedRequest, statics: StaticPlugins): RequestFamily {
    let family = this.#families.get(key)
    if (family === undefined)
      this.#families.set(key, (family = new RequestFamily(request, statics, this.#context.table)))
    return family
  }
}

/** The fields that some static plugin of the profile says that it reads. */
function fieldsRead({ filters, scores }: Profile): readonly RequestField[] {
  const plugins = [...filters, ...scores.map(({ plugin }) => plugin)]
  const fields = plugins.flatMap(plugin =>
    'reads' in plugin && plugin.reads !== undefined ? plugin.reads : [],
  )
  return [...new Set(fields)]
}

/** Whether the request has the very same parts. */
function isAlike(request: PlacementRequest, { sample, instances }: KnownClass): boolean {
  return hasSameParts(request, sample) && (instances === undefined || request.instances === instances)
}

/** Equal for requests of one class: those that ask for the same. */
export function classKey(request: PlacementRequest): string {
  const { requests = {} } = request
  let key = ''
  for (const name of resourcesOf(requests))
    if (requests[name] !== 0) key += `${name.length} ${name} ${requests[name]} `
  for (let index = 1; index < DECIDING_FIELDS.length; index++) {
    const value = request[DECIDING_FIELDS[index] as RequestField]
    if (value !== undefined) key += `|${index} ${JSON.stringify(value)}`
  }
  const instances = instancesOf(request)
  return instances === undefined ? key : `${key}|${instances}`
}

/** Only `groupBy` with a number, and targets of a spread, share out the instances. */
function instancesOf({ constraints, spread, instances }: PlacementRequest): number | undefined {
  const counts =
    constraints?.some(({ operator, value }) => operator === 'groupBy' && value !== undefined) === true ||
    spread?.some(({ targets }) => targets !== undefined) === true
  return counts ? instances : undefined
}
