import { compareText } from '../core/internal.js'
import type { HeldDevices } from './nodes/devices.js'
import type { HostPort } from './nodes/host-ports.js'
import type { PlacementRequest } from './requests/placement-request.js'

/** A task that has its node: the whole request, and where it is. */
export interface TaskPlacement extends PlacementRequest {
  /** Name of the node; it need not be known yet. */
  readonly node: string
  /** When it started; of equals, the `kubernetes` strategy of preemption spares the older. Default: not yet. */
  readonly startedAtMs?: number
  /** Devices that it has on the node. Default: none. */
  readonly held?: readonly HeldDevices[]
  /**
   * No task, but room held for the request with this key: it alone is placed as if the room were free, and gives it up
   * when it is.
   */
  readonly reservedFor?: string
}

/** The request with its node, and with what it was given there. A property that is added to a copy costs more than it. */
export function placementOf(
  request: PlacementRequest,
  node: string,
  given: { readonly hostPorts?: readonly HostPort[]; readonly held?: readonly HeldDevices[] },
): TaskPlacement {
  const placement = Object.assign({ node }, request, given)
  // A request may be a task that had another node.
  placement.node = node
  return placement
}

/** Which task is on which node and in which group, also for nodes that are not known (any more, or yet). */
export class TaskLedger {
  readonly #byKey = new Map<string, Entry>()
  readonly #byNode: Lists = new Map()
  readonly #byGroup: Lists = new Map()
  readonly #byHolder: Lists = new Map()

  get size(): number {
    return this.#byKey.size
  }

  get(key: string): TaskPlacement | undefined {
    return this.#byKey.get(key)?.task
  }

  /** In the order of the keys. */
  on(node: string): readonly TaskPlacement[] {
    return sorted(this.#byNode.get(node))
  }

  /** The same in no useful order, without a list of them. */
  *each(node: string): Iterable<TaskPlacement> {
    for (let at = this.#byNode.get(node); at !== undefined; at = at.after) yield at.task
  }

  /** The siblings of a group, in the order of the keys. */
  inGroup(group: string): readonly TaskPlacement[] {
    return sorted(this.#byGroup.get(group))
  }

  /** Room that is held for the request with that key. */
  reservedFor(key: string): readonly TaskPlacement[] {
    return this.#byHolder.size === 0 ? NONE : sorted(this.#byHolder.get(key))
  }

  /** All tasks, in no useful order. */
  *all(): Iterable<TaskPlacement> {
    for (const { task } of this.#byKey.values()) yield task
  }

  /** A task whose key is not recorded. */
  add(task: TaskPlacement): void {
    const { key, node, group, reservedFor } = task
    const entry: Entry = {
      task,
      before: undefined,
      after: undefined,
      inGroup: group === undefined ? undefined : link(this.#byGroup, group, linkOf(task)),
      forHolder: reservedFor === undefined ? undefined : link(this.#byHolder, reservedFor, linkOf(task)),
    }
    this.#byKey.set(key, entry)
    link(this.#byNode, node, entry)
  }

  remove(key: string): TaskPlacement | undefined {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return undefined
    const { task, inGroup, forHolder } = entry
    this.#byKey.delete(key)
    unlink(this.#byNode, task.node, entry)
    if (task.group !== undefined && inGroup !== undefined) unlink(this.#byGroup, task.group, inGroup)
    if (task.reservedFor !== undefined && forHolder !== undefined)
      unlink(this.#byHolder, task.reservedFor, forHolder)
    return task
  }
}

/** One of a list that is linked both ways: to add and to remove costs the same however long it is. */
interface Link {
  readonly task: TaskPlacement
  before: Link | undefined
  after: Link | undefined
}

/** A task in the list of its node, with its places in the other lists that it is in. */
interface Entry extends Link {
  readonly inGroup: Link | undefined
  readonly forHolder: Link | undefined
}

/** The first link of each list. */
type Lists = Map<string, Link>

const NONE: readonly TaskPlacement[] = Object.freeze([])

function linkOf(task: TaskPlacement): Link {
  return { task, before: undefined, after: undefined }
}

/** Second in its list, unless it is the only one: the map is written for the first and the last of a list only. */
function link(lists: Lists, name: string, made: Link): Link {
  const first = lists.get(name)
  if (first === undefined) {
    lists.set(name, made)
    return made
  }
  made.before = first
  made.after = first.after
  if (first.after !== undefined) first.after.before = made
  first.after = made
  return made
}

function unlink(lists: Lists, name: string, { before, after }: Link): void {
  if (after !== undefined) after.before = before
  if (before !== undefined) before.after = after
  else if (after === undefined) lists.delete(name)
  else lists.set(name, after)
}

function sorted(first: Link | undefined): readonly TaskPlacement[] {
  if (first === undefined) return NONE
  const tasks: TaskPlacement[] = []
  for (let at: Link | undefined = first; at !== undefined; at = at.after) tasks.push(at.task)
  return tasks.sort(byKey)
}

function byKey(a: TaskPlacement, b: TaskPlacement): number {
  return compareText(a.key, b.key)
}
