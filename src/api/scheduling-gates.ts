import type { FieldProblem } from '../core/index.js'

/** The part of a task's spec that is judged here. */
interface Gated {
  readonly nodeName?: string
  readonly schedulingGates?: readonly { readonly name: string }[]
}

/** Gates are put up when the task is made, and only taken away afterwards; until the last is gone it has no node. */
export function gateProblems(spec: Gated, previous: Gated | undefined): readonly FieldProblem[] {
  const { nodeName, schedulingGates: gates = [] } = spec
  if (gates.length === 0) return []
  const names = gates.map(({ name }) => name)
  const field = 'spec.schedulingGates'
  const known = previous === undefined ? names : (previous.schedulingGates ?? []).map(({ name }) => name)
  const added = names.filter(name => !known.includes(name))
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  const problem = (value: string, message: string): FieldProblem => ({ field, value, message })
  return [
    ...added.map(name => problem(name, 'can only be taken away; gates are put up when the task is made')),
    ...twice.map(name => problem(name, 'must be named once')),
    ...(nodeName === undefined
      ? []
      : [{ field: 'spec.nodeName', value: nodeName, message: `must wait until ${field} is empty` }]),
  ]
}
