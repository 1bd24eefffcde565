import { contentHash } from '../../core/index.js'
import { parseFieldSelector } from '../../core/internal.js'
import type { Kind } from '../kind/kind.js'
import { BadRequestError } from '../object/store-errors.js'
import type { Position } from './list-order.js'
import type { Query } from './query.js'
import { compileLabels } from './query.js'
import type { ListOptions } from './reader.js'

/** What a continue token says. */
export interface PageStart {
  /** The revision of the first page; `latest` to go on from what is newest, when that one has expired. */
  readonly revision: number | 'latest'
  readonly after: Position
  /** How many matches there are after it, if that is known. */
  readonly remaining: number | undefined
}

/** Which list of which store a token belongs to. */
export interface PageOwner {
  /** The id of the store's history. */
  readonly incarnation: string
  readonly query: string
}

const FORMAT = 'v1'

/** Text that is safe in a URL; only `readToken` makes sense of it. */
export function writeToken({ incarnation, query }: PageOwner, start: PageStart): string {
  const { revision, after, remaining } = start
  const fields = [
    incarnation,
    query,
    revision,
    remaining ?? '',
    after.namespace,
    after.name,
    JSON.stringify(after.term),
  ]
  return [FORMAT, ...fields.map(field => encodeURIComponent(field).replaceAll('.', '%2E'))].join('.')
}

/** @throws BadRequestError for what is no token, and for one of another store or of another query */
export function readToken({ incarnation, query }: PageOwner, token: unknown): PageStart {
  const parts = typeof token === 'string' ? decoded(token) : undefined
  if (parts?.length !== 8 || parts[0] !== FORMAT) throw badToken(token, 'is not one that a list returned')
  const [, store, hash, revisionText = '', remainingText = '', namespace = '', name = '', termText = ''] =
    parts
  if (store !== incarnation) throw badToken(token, 'comes from another store')
  if (hash !== query) throw badToken(token, 'comes from a list with other conditions')
  const revision = revisionText === 'latest' ? 'latest' : numberOf(revisionText)
  const remaining = remainingText === '' ? undefined : numberOf(remainingText)
  const term = textOf(termText)
  if (
    revision === undefined ||
    term === undefined ||
    (remaining === undefined && remainingText !== '') ||
    name === ''
  )
    throw badToken(token, 'is not one that a list returned')
  return { revision, remaining, after: { term, namespace, name } }
}

/** A name for what is asked for; the size of a page may differ from one to the next. */
export function queryHash(kind: Kind, options: ListOptions, query: Query): string {
  const { namespace, labelSelector, fieldSelector } = options
  const { indexTerm = null, indexRange, names, reverse } = query
  const bounds = [indexRange?.low, indexRange?.high, names?.low, names?.high].map(bound => bound ?? null)
  return contentHash([
    kind.apiVersion,
    kind.kind,
    namespace ?? null,
    labelSelector === undefined ? '' : String(compileLabels(labelSelector)),
    fieldSelector === undefined ? '' : String(parseFieldSelector(fieldSelector)),
    // Terms may have units in them that are no text by themselves.
    JSON.stringify([indexTerm, ...bounds]),
    reverse,
  ])
}

function decoded(token: string): readonly string[] | undefined {
  try {
    return token.split('.').map(field => decodeURIComponent(field))
  } catch {
    return undefined
  }
}

/** A text as JSON, which says it in units that a URL can have. */
function textOf(json: string): string | undefined {
  try {
    const text: unknown = JSON.parse(json)
    return typeof text === 'string' ? text : undefined
  } catch {
    return undefined
  }
}

function numberOf(text: string): number | undefined {
  return /^(0|[1-9]\d{0,15})$/.test(text) ? Number(text) : undefined
}

function badToken(token: unknown, what: string): BadRequestError {
  return new BadRequestError(`the continue token ${what}; begin the list again without it`, {
    continue: token,
  })
}
