import type { Node, Task } from '../api/index.js'
import { isTaskActive } from '../api/index.js'
import type { ResourceVector } from '../core/index.js'
import { addResources, isKeelsonError, missingResource, parseResources } from '../core/index.js'
import { compareText } from '../core/internal.js'
import { nodeMismatch } from './daemon/node-eligibility.js'

/** A task that its node no longer suits. */
export interface MisplacedTask {
  readonly task: Task
  /** What does not hold, as a sentence. */
  readonly why: string
}

/**
 * The tasks of a node that could not be placed there any more: a label or a constraint that they ask for does not hold, or
 * what they request is not there beside what is kept, taken in the order of their creation. One that goes leaves room for
 * those after it, all of which are looked at. A node that takes no new tasks, or is being removed, keeps what it has; one
 * that reports no amounts, or amounts that cannot be read, is not judged by them. Pure; as SwarmKit's constraint enforcer.
 *
 * @param tasks those of the node
 * @param mayGo which of them may be named; the others stay, and keep their room. Default: all
 */
export function planConstraintEnforcement(
  node: Node,
  tasks: readonly Task[],
  mayGo: (task: Task) => boolean = () => true,
): readonly MisplacedTask[] {
  if (node.spec.unschedulable === true || node.metadata.deletionTimestamp !== undefined) return []
  const misplaced: MisplacedTask[] = []
  const offered = amountsOf(node.status?.allocatable ?? node.status?.capacity)
  let used: ResourceVector = {}
  for (const task of tasks.filter(isTaskActive).sort(olderFirst)) {
    const stays = !mayGo(task)
    const mismatch = nodeMismatch(node, task.spec)
    const wanted = addResources(used, amountsOf(task.spec.resources?.requests) ?? {})
    const missing = offered === undefined ? undefined : missingResource(offered, wanted)
    if (stays || (mismatch === undefined && missing === undefined)) used = wanted
    else misplaced.push({ task, why: mismatch ?? `there is not enough ${missing} for it` })
  }
  return misplaced
}

/** Undefined also for what cannot be read, of which a schema has told. */
function amountsOf(input: Parameters<typeof parseResources>[0] | undefined): ResourceVector | undefined {
  if (input === undefined) return undefined
  try {
    return parseResources(input)
  } catch (error) {
    if (isKeelsonError(error, 'Invalid')) return undefined
    throw error
  }
}

function olderFirst(a: Task, b: Task): number {
  return (
    compareText(a.metadata.creationTimestamp, b.metadata.creationTimestamp) ||
    compareText(a.metadata.uid, b.metadata.uid)
  )
}
