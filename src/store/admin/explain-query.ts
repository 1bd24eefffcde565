import { parseFieldSelector } from '../../core/internal.js'
import { indexOfTerm, showValue } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { WatchPlace } from '../engine/watch-registry.js'
import { countObjects, isWorthSorting, sizeOf, smallestPosting } from '../read/list.js'
import type { Query, QueryOptions } from '../read/query.js'
import { compileQuery } from '../read/query.js'
import { filtersOf, placeOf } from '../watch/watch-filter.js'

/** Where a list finds what it looks at: the narrowest of these that is known. */
export type QueryAccess = 'key' | 'index' | 'index range' | 'owner' | 'label' | 'names' | 'namespace' | 'kind'

/** Something that would make a query cheaper. */
export interface QueryAdvice {
  readonly reason: 'NoNamespace' | 'NoIndex' | 'NoEquality' | 'RarerLabel'
  /** What to do, for a person. */
  readonly text: string
}

/** What a list with these conditions costs, and which writes wake a watch with them. */
export interface QueryReport {
  readonly access: QueryAccess
  /** The key, the value of the index, the label or the namespace that is looked up; absent where nothing is. */
  readonly by?: string
  /** How many objects are looked at, by a list without `limit`. */
  readonly candidates: number
  /** How many of these are in the list. */
  readonly matches: number
  /** How many there are of the kind. */
  readonly objects: number
  /** Each write of an object like this wakes the watch, which then asks for the rest. */
  readonly wokenBy: string
  /** Empty when nothing is gained. */
  readonly advice: readonly QueryAdvice[]
  /** The same in a sentence. */
  readonly text: string
}

/** Decides as a list does, and asks for nothing but sizes; then counts what matches, which costs what the list costs. */
export function explainQuery(table: KindTable, options: QueryOptions): QueryReport {
  const query = compileQuery(table.kind, options)
  const { access, by, candidates } = accessOf(table, query)
  const matches = countObjects(table, query)
  const objects = table.countObjects()
  const [filter] = filtersOf([table], options)
  const wokenBy = filter === undefined ? '' : placeText(table, placeOf(filter))
  const advice = adviceFor(table, query, options, { access, candidates, matches })
  const through = by === undefined ? `every ${table.kind.kind}` : `${access} ${by}`
  const text = `looks at ${candidates} of ${objects} objects, those of ${through}, and finds ${matches}; a watch is woken by ${wokenBy}`
  return { access, ...(by === undefined ? {} : { by }), candidates, matches, objects, wokenBy, advice, text }
}

interface Access {
  readonly access: QueryAccess
  readonly by?: string
  readonly candidates: number
}

/** As `listObjects` chooses. */
function accessOf(table: KindTable, query: Query): Access {
  const { namespace, name, indexRange, names } = query
  const { namespaced } = table.kind
  if (name !== undefined && (namespace !== undefined || !namespaced)) {
    const by = namespaced ? `${namespace}/${name}` : name
    return { access: 'key', by, candidates: table.find(namespace, name)?.head?.object === undefined ? 0 : 1 }
  }
  if (indexRange !== undefined && table.values !== undefined) {
    let candidates = 0
    table.values.live.walk(indexRange, () => {
      candidates++
      return true
    })
    return { access: 'index range', by: indexOfTerm(indexRange.low).name, candidates }
  }
  const posted = smallestPosting(table, query, undefined)
  if (posted !== undefined && isWorthSorting(table, query, posted, Number.POSITIVE_INFINITY))
    return { ...postedBy(table, query), candidates: posted.size }
  if (names !== undefined)
    return { access: 'names', by: `${names.low}…${names.high ?? ''}`, candidates: namesIn(table, query) }
  const candidates = sizeOf(table, namespace)
  if (namespaced && namespace !== undefined) return { access: 'namespace', by: namespace, candidates }
  return { access: 'kind', candidates }
}

function postedBy(table: KindTable, { indexTerm, labels }: Query): Pick<Access, 'access' | 'by'> {
  if (indexTerm !== undefined) {
    const { name, value } = indexOfTerm(indexTerm)
    return name === ''
      ? { access: 'owner', by: String(value) }
      : { access: 'index', by: `${name}=${showValue(value)}` }
  }
  const [key = '', value = ''] = rarestLabel(table, labels) ?? []
  return { access: 'label', by: `${key}=${value}` }
}

function rarestLabel(table: KindTable, labels: Query['labels']): readonly [string, string] | undefined {
  const sizes = labels.map(label => ({ label, size: table.labels.find(...label)?.size ?? 0 }))
  return sizes.toSorted((a, b) => a.size - b.size)[0]?.label
}

function namesIn(table: KindTable, { namespace, names }: Query): number {
  let count = 0
  const add = (): boolean => {
    count++
    return true
  }
  const range = names ?? { low: '', high: undefined }
  if (namespace !== undefined || !table.kind.namespaced) table.space(namespace)?.order.walk(range, add)
  else
    table.order.walk({ low: '', high: undefined }, space => {
      space.order.walk(range, add)
      return true
    })
  return count
}

function placeText({ kind }: KindTable, { by, key, label, namespace }: WatchPlace): string {
  const where = namespace === undefined || namespace === '' ? '' : ` in namespace ${namespace}`
  if (by === 'all') return `every ${kind.kind}${where}`
  if (by === 'name') return `every ${kind.kind} named ${key}${where}`
  if (by === 'label') return `every ${kind.kind} with label ${label}=${key}${where}`
  const { name, value } = indexOfTerm(key)
  return name === ''
    ? `every ${kind.kind} owned by ${String(value)}${where}`
    : `every ${kind.kind} with ${name}=${showValue(value)} in its index${where}`
}

/** Only where more is looked at than is found. */
function adviceFor(
  table: KindTable,
  query: Query,
  options: QueryOptions,
  { access, candidates, matches }: Pick<QueryReport, 'access' | 'candidates' | 'matches'>,
): readonly QueryAdvice[] {
  const advice: QueryAdvice[] = []
  if (candidates <= matches) return advice
  const isScan = access === 'kind' || access === 'namespace' || access === 'names'
  if (query.name !== undefined && access !== 'key')
    advice.push({
      reason: 'NoNamespace',
      text: 'give the namespace too: then the object is found by its key',
    })
  const label = rarestLabel(table, query.labels)
  if (isScan && options.labelSelector !== undefined && label === undefined)
    advice.push({
      reason: 'NoEquality',
      text: 'add a requirement key=value to labelSelector: that is looked up, and in, notin, != and exists are asked of each object',
    })
  for (const field of fieldsOf(options.fieldSelector))
    advice.push({
      reason: 'NoIndex',
      text: `declare an index of ${field} in the kind and ask with index: fieldSelector is asked of each object`,
    })
  const size = label === undefined ? undefined : (table.labels.find(...label)?.size ?? 0)
  if (access === 'index' && label !== undefined && size !== undefined && size < candidates / 2)
    advice.push({
      reason: 'RarerLabel',
      text: `ask without index and test the value yourself: label ${label.join('=')} has ${size} objects, and an index is looked up before labels`,
    })
  return advice
}

/** Paths that a field selector asks for, save those that are part of the key. */
function fieldsOf(selector: string | undefined): readonly string[] {
  if (selector === undefined) return []
  const fields = parseFieldSelector(selector).requirements.map(({ field }) => field)
  return [...new Set(fields)].filter(field => !field.startsWith('metadata.name'))
}
