import { InvalidError } from '../../core/index.js'
import { deepEqual, isRecord } from '../../core/internal.js'
import { joinPath } from '../json/json-border.js'
import { mergeMembers } from '../json/merge-patch.js'
import type { FieldType, ListKeys } from '../kind/merge-type.js'
import { UNDECLARED } from '../kind/merge-type.js'
import { fieldIn, itemElement, setElement } from './members.js'

/** In an item of a patch: the item of these keys goes. As in Kubernetes' strategic merge patch. */
const DIRECTIVE = '$patch'

/** A part of the document and of the patch. */
interface Place {
  readonly type: FieldType
  readonly path: readonly (string | number)[]
  /** What is patched, for an error. */
  readonly subject: string
}

/**
 * As a JSON Merge Patch, but lists are merged as the kind declares: an item with the keys of one that is there is merged
 * into it, other items come last, and `{ …keys, $patch: 'delete' }` removes one; a set takes what it lacks. Lists of
 * which nothing is declared, and atomic ones, are replaced.
 *
 * @throws InvalidError for an item that cannot be told from others
 */
export function mergeByKey(document: unknown, patch: unknown, type: FieldType, subject: string): unknown {
  return merge(document, patch, { type, path: [], subject })
}

function merge(target: unknown, patch: unknown, place: Place): unknown {
  const { type, path, subject } = place
  if (isRecord(patch)) {
    return mergeMembers(target, patch, (name, member, change) =>
      merge(member, change, { type: fieldIn(type, name).type, path: [...path, name], subject }),
    )
  }
  if (!Array.isArray(patch) || type.merge === undefined || type.merge === 'atomic')
    return deepEqual(target, patch) ? target : patch
  const list: readonly unknown[] = Array.isArray(target) ? target : []
  const merged = type.merge === 'set' ? union(list, patch, place) : mergeItems(list, patch, type.merge, place)
  return merged.length === list.length && merged.every((item, index) => item === list[index])
    ? target
    : merged
}

function union(list: readonly unknown[], patch: readonly unknown[], place: Place): readonly unknown[] {
  const known = new Set(list.map(setElement))
  const merged = [...list]
  for (const [index, item] of patch.entries()) {
    const element = setElement(item)
    if (element === undefined) throw faulty(place, index, item, 'must be a text, a number, true or false')
    if (!known.has(element)) merged.push(item)
    known.add(element)
  }
  return merged
}

function mergeItems(
  list: readonly unknown[],
  patch: readonly unknown[],
  keys: Required<ListKeys>,
  place: Place,
): readonly unknown[] {
  const merged = [...list]
  const places = new Map(list.map((item, index) => [itemElement(item, keys), index]))
  const seen = new Set<string>()
  for (const [index, item] of patch.entries()) {
    const element = itemElement(item, keys)
    if (element === undefined)
      throw faulty(place, index, item, `must be an object with ${keys.keys.join(', ')}`)
    if (seen.has(element))
      throw faulty(place, index, item, `has the same ${keys.keys.join(', ')} as an item before it`)
    seen.add(element)
    const { [DIRECTIVE]: directive, ...change } = item as Readonly<Record<string, unknown>>
    const at = places.get(element)
    if (directive === undefined) {
      const below = { ...place, type: place.type.items ?? UNDECLARED, path: [...place.path, index] }
      const made = merge(at === undefined ? undefined : list[at], change, below)
      if (at === undefined) merged.push(made)
      else merged[at] = made
    } else if (directive !== 'delete') {
      throw faulty(place, index, item, `has ${DIRECTIVE} that is not "delete"`)
    } else if (at !== undefined) merged[at] = GONE
  }
  return merged.filter(item => item !== GONE)
}

const GONE = Symbol('gone')

function faulty({ path, subject }: Place, index: number, value: unknown, message: string): InvalidError {
  return new InvalidError(subject, [{ field: joinPath('', [...path, index]), value, message }])
}
