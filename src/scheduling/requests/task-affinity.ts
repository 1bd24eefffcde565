import type { LabelSelectorObject } from '../../core/index.js'
import type { TaskAffinity } from '../../core/internal.js'
import type { DomainTerm, TaskSet } from './task-set.js'

interface Owner {
  readonly group?: string | undefined
  readonly namespace?: string | undefined
}

/** The tasks that count for a task. */
export function affinityTerm(
  { attribute, labelSelector, namespaces }: TaskAffinity,
  owner: Owner,
): DomainTerm {
  return { attribute, tasks: tasksMeant({ labelSelector, namespaces }, owner), ignoresFirst: true }
}

/** Those of a selector in the given namespaces, or the siblings. */
export function tasksMeant(
  given: {
    readonly labelSelector?: LabelSelectorObject | undefined
    readonly namespaces?: readonly string[] | undefined
  },
  { group, namespace = '' }: Owner,
): TaskSet {
  const { labelSelector, namespaces = [namespace] } = given
  return labelSelector === undefined ? { group: group ?? '' } : { labelSelector, namespaces }
}
