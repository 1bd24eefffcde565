import { assertKnown, knownOptions } from '../../core/internal.js'
import { postingTerm, showValue } from '../engine/index-terms.js'
import type { TermRange } from '../engine/term-range.js'
import { bothRanges, textsWith } from '../engine/term-range.js'
import type { Kind } from '../kind/kind.js'
import type { IndexedValue } from '../object/indexed-value.js'
import { AFTER_PART_END, encodeText, encodeValue } from '../object/indexed-value.js'
import { BadRequestError } from '../object/store-errors.js'

/**
 * What is looked for in a declared index: one value, or a range of the values of an index in `orderedIndexes`. All
 * that is given of a range must hold; with nothing it is every object that has a value.
 *
 * Values compare part by part, numbers before texts, numbers as numbers, texts by their UTF-16 units; a value comes
 * before the longer ones that begin with it.
 */
export interface IndexQuery {
  readonly name: string
  /** Exactly this value. Not together with the others. */
  readonly value?: IndexedValue
  /** A list: values whose first parts these are. A text: values whose first part is a text that begins so. */
  readonly prefix?: string | readonly (string | number)[]
  /** This value and those after it. */
  readonly from?: IndexedValue
  /** Values before this one. */
  readonly to?: IndexedValue
}

const INDEX_OPTIONS = /* @__PURE__ */ knownOptions<IndexQuery>('index', {
  name: true,
  value: true,
  prefix: true,
  from: true,
  to: true,
})

/** A compiled `IndexQuery`: a posting term, or a range of them. */
export interface CompiledIndex {
  readonly indexTerm?: string
  readonly indexRange?: TermRange
}

/** @throws BadRequestError */
export function compileIndex(kind: Kind, index: IndexQuery): CompiledIndex {
  if (typeof index !== 'object' || index === null)
    throw new BadRequestError(`index must be { name, value }, not ${String(index)}`, { index })
  assertKnown(index, INDEX_OPTIONS)
  const { name, prefix, from, to } = index
  if (!Object.hasOwn(kind.indexes, name)) throw unknownIndex(kind, name)
  const isRange = prefix !== undefined || from !== undefined || to !== undefined
  if ('value' in index) {
    if (isRange) throw badIndex(kind, index, 'takes either a value or prefix, from and to')
    return { indexTerm: termOf(kind, index, 'value') }
  }
  if (!kind.orderedIndexes.includes(name))
    throw badIndex(
      kind,
      index,
      'is not ordered, so it needs a value; or name it in orderedIndexes of the kind',
    )
  let indexRange = textsWith(postingTerm(name, ''))
  if (prefix !== undefined) indexRange = bothRanges(indexRange, prefixRange(kind, index, prefix))
  if (from !== undefined)
    indexRange = bothRanges(indexRange, { low: termOf(kind, index, 'from'), high: undefined })
  if (to !== undefined) indexRange = bothRanges(indexRange, { low: '', high: termOf(kind, index, 'to') })
  return { indexRange }
}

function prefixRange(kind: Kind, index: IndexQuery, prefix: unknown): TermRange {
  const { name } = index
  if (typeof prefix === 'string') {
    const texts = textsWith(postingTerm(name, encodeText(prefix)))
    // Texts are the last of all values.
    return prefix === '' ? { low: texts.low, high: undefined } : texts
  }
  if (!Array.isArray(prefix))
    throw badIndex(kind, index, `takes a text or a list as prefix, not ${showValue(prefix)}`)
  const low = termOf(kind, index, 'prefix')
  return { low, high: low + AFTER_PART_END }
}

function termOf(kind: Kind, index: IndexQuery, option: 'value' | 'prefix' | 'from' | 'to'): string {
  const text = encodeValue(index[option])
  if (text !== undefined) return postingTerm(index.name, text)
  const asked = `takes a text, a finite number or a list of them as ${option}, not ${showValue(index[option])}`
  throw badIndex(kind, index, asked)
}

function badIndex(kind: Kind, index: IndexQuery, fault: string): BadRequestError {
  return new BadRequestError(`index "${index.name}" of ${kind.kind} ${fault}`, { kind: kind.kind, index })
}

/** Says which indexes there are. */
export function unknownIndex(kind: Kind, name: unknown): BadRequestError {
  const known = Object.keys(kind.indexes)
  const has = known.length === 0 ? 'it declares none' : `it declares ${known.join(', ')}`
  return new BadRequestError(`${kind.kind} has no index "${String(name)}"; ${has}`, {
    kind: kind.kind,
    index: name,
  })
}
