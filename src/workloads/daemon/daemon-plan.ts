import type { NodeEligibility } from './node-eligibility.js'

/** A cell of a daemon that is there. */
export interface DaemonCell {
  /** The name of its node. */
  readonly node: string
  /** Whether a task is in it. */
  readonly occupied: boolean
  readonly terminating: boolean
}

/** Which nodes get and lose a cell. */
export interface DaemonPlan {
  readonly create: readonly string[]
  readonly remove: readonly string[]
  /** Nodes whose cell is to stay as it is. */
  readonly held: readonly string[]
  /** Nodes that take a task now. */
  readonly desired: number
  /** Nodes that have one and would take none now. */
  readonly misscheduled: number
}

/**
 * Which nodes get and lose a task. A node that does not respond keeps what it has, held: its task can neither be stopped
 * nor made there, so nobody waits for it (kubernetes#63465). So does one that a taint has closed since: what runs there
 * runs on and is not replaced, and when it is gone the cell goes (kubernetes#118823). Pure; by name.
 */
export function planDaemon(
  nodes: ReadonlyMap<string, NodeEligibility>,
  cells: readonly DaemonCell[],
): DaemonPlan {
  const there = new Set(cells.map(({ node }) => node))
  const create = [...nodes].filter(([name, { starts, responds }]) => starts && responds && !there.has(name))
  const remove: string[] = []
  const held: string[] = []
  let desired = create.length
  let misscheduled = 0
  for (const { node, occupied, terminating } of cells) {
    if (terminating) continue
    const eligible = nodes.get(node)
    if (eligible?.stays !== true || (!eligible.starts && !occupied)) {
      remove.push(node)
      continue
    }
    if (!eligible.starts) misscheduled += 1
    if (eligible.starts && eligible.responds) desired += 1
    else held.push(node)
  }
  return {
    create: create.map(([name]) => name).sort(),
    remove: remove.sort(),
    held: held.sort(),
    desired,
    misscheduled,
  }
}
