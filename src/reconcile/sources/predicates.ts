import type { LabelSelector, LabelSelectorObject } from '../../core/index.js'
import { parseLabelSelector } from '../../core/index.js'
import { deepEqual, labelSelectorFromObject } from '../../core/internal.js'
import type { LabelSelectorInput, StoredObject } from '../../store/index.js'
import type { SourceChange } from './event-mapping.js'

/** Whether a change matters. Pure. One that throws lets the change pass. Reads are not narrowed by it. */
export type Predicate = (change: SourceChange) => boolean

/**
 * Passes what comes, goes, begins to be deleted, or has another generation: changes of status, labels, annotations,
 * finalizers and owners do not pass.
 */
export const generationChanged: Predicate = changed(
  object => object.metadata.generation,
  object => object.metadata.deletionTimestamp,
)

/**
 * Passes what comes, goes, or differs at one of the paths.
 *
 * @param paths keys joined by dots, for example `spec.replicas` or `metadata.labels`; what stands below counts
 */
export function pathChanged(...paths: readonly string[]): Predicate {
  return changed(
    ...paths.map(path => path.split('.')).map(keys => (object: StoredObject) => at(object, keys)),
  )
}

/** Passes when the object matched before the change or matches after it. */
export function labelsMatch(selector: LabelSelectorInput): Predicate {
  const compiled = compile(selector)
  const matches = (object: StoredObject | undefined): boolean =>
    object !== undefined && compiled.matches(object.metadata.labels)
  return ({ before, after }) => matches(before) || matches(after)
}

/** Passes what passes all of them. */
export function allOf(...predicates: readonly Predicate[]): Predicate {
  return change => predicates.every(predicate => predicate(change))
}

/** Passes what passes one of them. */
export function anyOf(...predicates: readonly Predicate[]): Predicate {
  return change => predicates.some(predicate => predicate(change))
}

/** Passes what `predicate` does not. */
export function not(predicate: Predicate): Predicate {
  return change => !predicate(change)
}

function changed(...parts: readonly ((object: StoredObject) => unknown)[]): Predicate {
  return ({ before, after }) => {
    if (before === undefined || after === undefined) return true
    if (before.metadata.uid !== after.metadata.uid) return true
    return parts.some(part => !deepEqual(part(before), part(after)))
  }
}

function at(object: StoredObject, keys: readonly string[]): unknown {
  let value: unknown = object
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[key]
  }
  return value
}

function compile(selector: LabelSelectorInput): LabelSelector {
  if (typeof selector === 'string') return parseLabelSelector(selector)
  return 'matches' in selector ? selector : labelSelectorFromObject(selector as LabelSelectorObject)
}
