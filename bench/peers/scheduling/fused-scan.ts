import type { TaskSize } from './columns.js'
import { emptyNodes, scoreOf, take } from './columns.js'

/** Every node, filter and scores in one loop over typed columns: the exact answer at the least cost of a scan. */
export function fusedScan(count: number): (task: TaskSize) => boolean {
  const nodes = emptyNodes(count)
  return task => {
    let best = -1
    let highest = -1
    for (let at = 0; at < count; at++) {
      const score = scoreOf(nodes, at, task)
      if (score <= highest) continue
      highest = score
      best = at
    }
    if (best >= 0) take(nodes, best, task)
    return best >= 0
  }
}
