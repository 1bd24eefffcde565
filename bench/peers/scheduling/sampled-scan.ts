import type { TaskSize } from './columns.js'
import { emptyNodes, scoreOf, take } from './columns.js'

/**
 * kube-scheduler's way: from a start that moves on, look until `50 − nodes / 125` percent (at least 5, and 100 nodes)
 * are found that fit, and take the best of those.
 */
export function sampledScan(count: number): (task: TaskSize) => boolean {
  const nodes = emptyNodes(count)
  const percent = Math.max(5, 50 - Math.trunc(count / 125))
  const wanted = count < 100 ? count : Math.max(100, Math.trunc((count * percent) / 100))
  let start = 0
  return task => {
    let best = -1
    let highest = -1
    let found = 0
    let looked = 0
    for (; looked < count && found < wanted; looked++) {
      const at = (start + looked) % count
      const score = scoreOf(nodes, at, task)
      if (score < 0) continue
      found++
      if (score <= highest) continue
      highest = score
      best = at
    }
    start = (start + looked) % count
    if (best >= 0) take(nodes, best, task)
    return best >= 0
  }
}

/** Nomad's way: the best of `max(2, ⌈log₂ nodes⌉)` that fit, from a random start. */
export function logScan(count: number): (task: TaskSize) => boolean {
  const nodes = emptyNodes(count)
  const wanted = Math.max(2, Math.ceil(Math.log2(count)))
  let seed = 1
  return task => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    let best = -1
    let highest = -1
    for (let looked = 0, found = 0; looked < count && found < wanted; looked++) {
      const at = (seed + looked) % count
      const score = scoreOf(nodes, at, task)
      if (score < 0) continue
      found++
      if (score <= highest) continue
      highest = score
      best = at
    }
    if (best >= 0) take(nodes, best, task)
    return best >= 0
  }
}
