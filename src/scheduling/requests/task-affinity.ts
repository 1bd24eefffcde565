import type { FieldProblem, LabelSelectorObject } from '../../core/index.js'
import { isKeelsonError } from '../../core/index.js'
import type { TaskAffinity } from '../../core/internal.js'
import { labelSelectorFromObject } from '../../core/internal.js'
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

export function affinityProblems({
  affinity = [],
  group,
}: {
  readonly affinity?: readonly TaskAffinity[]
  readonly group?: string
}): FieldProblem[] {
  return affinity.flatMap(({ kind, attribute, labelSelector, weight }, index) => {
    const field = `affinity[${index}]`
    const problems: FieldProblem[] = [...selectorProblems(`${field}.labelSelector`, labelSelector)]
    if (kind !== 'affinity' && kind !== 'antiAffinity')
      problems.push({ field: `${field}.kind`, value: kind, message: 'must be affinity or antiAffinity' })
    if (typeof attribute !== 'string' || attribute === '')
      problems.push({ field: `${field}.attribute`, value: attribute, message: 'must name an attribute' })
    if (labelSelector === undefined && group === undefined) {
      const message = 'is needed by a task without a group: it has no siblings'
      problems.push({ field: `${field}.labelSelector`, value: labelSelector, message })
    }
    if (weight !== undefined && !(Number.isInteger(weight) && weight >= 1 && weight <= 100))
      problems.push({
        field: `${field}.weight`,
        value: weight,
        message: 'must be a whole number from 1 to 100',
      })
    return problems
  })
}

export function selectorProblems(field: string, selector: LabelSelectorObject | undefined): FieldProblem[] {
  if (selector === undefined) return []
  try {
    labelSelectorFromObject(selector)
    return []
  } catch (error) {
    if (!isKeelsonError(error, 'Invalid')) throw error
    return [{ field, value: selector, message: error.message }]
  }
}
