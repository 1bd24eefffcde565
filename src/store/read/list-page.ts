import { assertKnown, wholeNumber } from '../../core/internal.js'
import type { KindTable } from '../engine/kind-table.js'
import type { StoredObject } from '../object/object.js'
import { BadRequestError, ExpiredError } from '../object/store-errors.js'
import type { PageOwner, PageStart } from './continue-token.js'
import { queryHash, readToken, writeToken } from './continue-token.js'
import { positionOf } from './list-order.js'
import type { ListView } from './list-view.js'
import type { Query } from './query.js'
import { compileQuery, isNarrow } from './query.js'
import type { ListOptions, ObjectList, ReadOptions } from './reader.js'

/**
 * A list, whole or by pages.
 *
 * @throws UsageError for unknown options, BadRequestError, ExpiredError; and as the view
 */
export function listPage(view: ListView, table: KindTable, options: ReadOptions): ObjectList<StoredObject> {
  assertKnown(options, view.takes)
  const query = compileQuery(table.kind, options)
  const { limit, continue: token = '' } = options
  const [problem] = limit === undefined ? [] : wholeNumber('limit', limit, { min: 1 })
  if (problem !== undefined)
    throw new BadRequestError(`limit ${problem.message}, not ${String(limit)}`, { limit })
  if (limit === undefined && token === '') {
    const revision = view.revisionOf(options)
    return { revision, items: view.list(table, query, { revision }) }
  }
  const owner = { incarnation: view.incarnation, query: queryHash(table.kind, options, query) }
  const start = token === '' ? undefined : readToken(owner, token)
  const revision =
    start === undefined ? view.revisionOf(options) : revisionOfPage(view, owner, start, options)
  const found = view.list(table, query, {
    revision,
    ...(start === undefined ? {} : { after: start.after }),
    ...(limit === undefined ? {} : { limit: limit + 1 }),
  })
  if (limit === undefined || found.length <= limit) return { revision, items: found }
  const items = found.slice(0, limit)
  const total = start === undefined ? totalOf(view, table, query, revision) : start.remaining
  const remaining = total === undefined ? undefined : total - limit
  const after = positionOf(table.kind, query, items.at(-1) as StoredObject)
  return {
    revision,
    items,
    continue: writeToken(owner, { revision, after, remaining }),
    ...(remaining === undefined ? {} : { remainingItemCount: remaining }),
  }
}

function revisionOfPage(
  view: ListView,
  owner: PageOwner,
  { revision, after }: PageStart,
  options: ReadOptions,
): number {
  if (options.resourceVersion !== undefined || options.resourceVersionMatch !== undefined) {
    throw new BadRequestError(
      'a continue token has its revision in it; give no resourceVersion and no resourceVersionMatch with it',
      { resourceVersion: options.resourceVersion },
    )
  }
  if (revision === 'latest') return view.revision
  if (revision > view.revision) {
    throw new BadRequestError(
      `the continue token is of revision ${revision}, this reader shows ${view.revision}; ` +
        'continue with the reader that gave it',
      { continue: options.continue },
    )
  }
  if (revision >= view.oldest) return revision
  throw new ExpiredError(revision, view.oldest, {
    message:
      `the list began at revision ${revision}, the oldest kept is ${view.oldest}; begin it again, or go on ` +
      'from the newest revision with details.continue, which may repeat or miss what has changed',
    continue: writeToken(owner, { revision: 'latest', after, remaining: undefined }),
  })
}

/** Selectors hide how many objects there are, so only lists without one tell. */
function totalOf(view: ListView, table: KindTable, query: Query, revision: number): number | undefined {
  return isNarrow(query) ? undefined : view.count(table, query, revision)
}

/** The options of the whole list. */
export function withoutPages(options: ListOptions = {}): ListOptions {
  const { limit: _limit, continue: _continue, ...whole } = options
  return whole
}

/** How many objects a list would have in all its pages. */
export function countList(view: ListView, table: KindTable, options: ReadOptions): number {
  assertKnown(options, view.takes)
  return view.count(table, compileQuery(table.kind, options), view.revisionOf(options))
}
