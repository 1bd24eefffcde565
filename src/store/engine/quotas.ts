import { KeelsonError, UsageError } from '../../core/index.js'
import { compareText, wholeNumber } from '../../core/internal.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import { jsonBytes } from '../object/object-size.js'
import type { KindTable } from './kind-table.js'
import type { KindTables } from './kind-tables.js'
import type { Mutation } from './mutation.js'

/** How much some of the objects of a store may be in all. */
export interface Quota {
  /** Default: all kinds together. */
  readonly kind?: Kind
  /** The objects of this namespace. Default: all. */
  readonly namespace?: string
  /** Whether each namespace has this quota for itself; kinds without do not count. Not with `namespace`. Default false. */
  readonly perNamespace?: boolean
  /** How many objects, ≥ 0. Default: any number. */
  readonly objectsMax?: number
  /** How many bytes of JSON, ≥ 0. Default: any size. Counting costs about a nanosecond for each byte that is written. */
  readonly bytesMax?: number
}

/** How much of a quota is used, as of the store's revision. */
export interface QuotaUse {
  /** As the store was made with it. */
  readonly quota: Quota
  /** Of a quota per namespace: which one. */
  readonly namespace?: string
  readonly objects: number
  /** Absent unless the quota has `bytesMax`: nobody counts them. */
  readonly bytes?: number
}

/** What is there, of one quota in one namespace. */
interface Use {
  objects: number
  bytes: number
}

/** What a commit changes of a use. */
export interface Growth {
  readonly meter: Meter
  readonly namespace: string
  objects: number
  bytes: number
  /** Whether somebody asks for more: a deletion that is marked may take its mark whatever the quota is. */
  asks: boolean
}

interface Meter {
  readonly quota: Quota
  readonly table: KindTable | undefined
  /** By namespace; under `''` when namespaces are not told apart. */
  readonly uses: Map<string, Use>
}

/** One key's change, as far as quotas care. */
type Step = Pick<Mutation, 'table' | 'namespace' | 'after'> & { readonly before: StoredObject | undefined }

/** The quotas of a store and what is used of them, exact at every revision. */
export class Quotas {
  readonly #meters: readonly Meter[]

  /** @throws UsageError for a quota that could never work */
  constructor(quotas: readonly Quota[], tables: KindTables) {
    for (const [index, quota] of quotas.entries()) assertQuota(quota, `quotas[${index}]`)
    this.#meters = quotas.map(quota => ({
      quota,
      table: quota.kind === undefined ? undefined : tables.of(quota.kind),
      uses: new Map(),
    }))
  }

  /**
   * What the mutations change.
   *
   * @throws KeelsonError `QuotaExceeded` when some use grows beyond its quota; one that is beyond already may shrink
   */
  check(mutations: readonly Mutation[]): readonly Growth[] {
    const growths = this.growthsOf(mutations)
    for (const growth of growths) assertWithin(growth)
    return growths
  }

  /** In the order of the quotas, then of namespaces; of a quota per namespace only those with objects. */
  uses(): readonly QuotaUse[] {
    return this.#meters.flatMap(({ quota, uses }) => {
      const all =
        quota.perNamespace === true
          ? [...uses].sort(([a], [b]) => compareText(a, b))
          : [['', uses.get('')] as const]
      return all.map(([namespace, { objects, bytes } = { objects: 0, bytes: 0 }]) => ({
        quota,
        ...(quota.perNamespace === true ? { namespace } : {}),
        objects,
        ...(quota.bytesMax === undefined ? {} : { bytes }),
      }))
    })
  }

  /** What the mutations change, whether that is allowed or not. */
  growthsOf(mutations: readonly Mutation[]): readonly Growth[] {
    return this.#growths(
      mutations.map(({ table, namespace, name, after }) => {
        const before = table.find(namespace, name)?.head?.object
        return { table, namespace, before, after }
      }),
    )
  }

  add(growths: readonly Growth[]): void {
    for (const { meter, namespace, objects, bytes } of growths) {
      const use = meter.uses.get(namespace) ?? { objects: 0, bytes: 0 }
      use.objects += objects
      use.bytes += bytes
      if (use.objects === 0) meter.uses.delete(namespace)
      else meter.uses.set(namespace, use)
    }
  }

  /** Counts an object that is there without a commit. */
  addObject(table: KindTable, object: StoredObject): void {
    const { namespace } = object.metadata
    this.add(this.#growths([{ table, namespace, before: undefined, after: object }]))
  }

  #growths(steps: readonly Step[]): readonly Growth[] {
    const growths = new Map<Meter, Map<string, Growth>>()
    for (const step of steps) {
      const { table, namespace = '', before, after } = step
      for (const meter of this.#meters) {
        const { quota } = meter
        if (meter.table !== undefined && meter.table !== table) continue
        if (quota.namespace !== undefined && quota.namespace !== namespace) continue
        if (quota.perNamespace === true && namespace === '') continue
        const key = quota.perNamespace === true ? namespace : ''
        const ofMeter = growths.get(meter) ?? new Map<string, Growth>()
        const growth = ofMeter.get(key) ?? { meter, namespace: key, objects: 0, bytes: 0, asks: false }
        growths.set(meter, ofMeter.set(key, growth))
        const bytes = quota.bytesMax === undefined ? 0 : bytesOf(after) - bytesOf(before)
        growth.objects += (after === undefined ? 0 : 1) - (before === undefined ? 0 : 1)
        growth.bytes += bytes
        if (after !== undefined && (before === undefined || after.metadata.deletionTimestamp === undefined))
          growth.asks = true
      }
    }
    return [...growths.values()].flatMap(ofMeter => [...ofMeter.values()])
  }
}

function bytesOf(object: StoredObject | undefined): number {
  return object === undefined ? 0 : jsonBytes(object)
}

function assertWithin({ meter, namespace, asks, ...growth }: Growth): void {
  const { quota, uses } = meter
  for (const resource of ['objects', 'bytes'] as const) {
    const max = quota[`${resource}Max`]
    if (max === undefined || growth[resource] <= 0 || !asks) continue
    const used = uses.get(namespace)?.[resource] ?? 0
    if (used + growth[resource] > max)
      throw exceeded(quota, namespace, { resource, used, asked: growth[resource], max })
  }
}

function exceeded(
  quota: Quota,
  namespace: string,
  amounts: {
    readonly resource: 'objects' | 'bytes'
    readonly used: number
    readonly asked: number
    readonly max: number
  },
): KeelsonError {
  const { resource, used, asked, max } = amounts
  const space = quota.perNamespace === true ? namespace : quota.namespace
  const whose = quota.kind === undefined ? resource : `${resource} of ${quota.kind.kind}`
  const where = space === undefined ? 'the store' : `namespace ${space}`
  return new KeelsonError({
    code: 'QuotaExceeded',
    message: `the quota for ${whose} in ${where} is ${max}: ${used} are used, and the write needs ${asked} more; delete some, or raise the quota`,
    details: {
      ...(quota.kind === undefined ? {} : { kind: quota.kind.kind }),
      ...(space === undefined ? {} : { namespace: space }),
      ...amounts,
    },
  })
}

const OPTIONS: readonly string[] = ['kind', 'namespace', 'perNamespace', 'objectsMax', 'bytesMax']

function assertQuota(quota: Quota, field: string): void {
  const { kind, namespace, perNamespace = false, objectsMax, bytesMax } = quota
  const faulty = (fault: string): UsageError => new UsageError(`${field} ${fault}`, { field })
  const unknown = Object.keys(quota).find(option => !OPTIONS.includes(option))
  if (unknown !== undefined) throw faulty(`has the unknown option "${unknown}"`)
  if (objectsMax === undefined && bytesMax === undefined) throw faulty('must have objectsMax or bytesMax')
  for (const [option, value] of Object.entries({ objectsMax, bytesMax })) {
    const [problem] = value === undefined ? [] : wholeNumber(option, value)
    if (problem !== undefined)
      throw faulty(`has an invalid ${option}: it ${problem.message}, not ${String(value)}`)
  }
  if (typeof perNamespace !== 'boolean') throw faulty('must have true or false for perNamespace')
  if (namespace !== undefined && (typeof namespace !== 'string' || perNamespace))
    throw faulty('must have a namespace that is text, and not perNamespace besides')
  if (kind?.namespaced === false && (perNamespace || namespace !== undefined))
    throw faulty(`is per namespace, and ${kind.kind} has none`)
}
