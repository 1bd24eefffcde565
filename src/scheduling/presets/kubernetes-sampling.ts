/** kube-scheduler looks at no fewer nodes than this, if there are as many. */
const NODES_MIN = 100
const PERCENT_MIN = 5

/**
 * How many nodes kube-scheduler looks for before it scores: all below 100; else `50 − nodes / 125` percent, at least 5,
 * and at least 100 nodes.
 *
 * @param percent a fixed percentage instead; 0: as above
 */
export function kubernetesNodesToFind(nodes: number, percent: number = 0): number {
  if (nodes < NODES_MIN || percent >= 100) return nodes
  const share = percent > 0 ? percent : Math.max(PERCENT_MIN, 50 - Math.trunc(nodes / 125))
  return Math.max(NODES_MIN, Math.trunc((nodes * share) / 100))
}

/**
 * How many nodes kube-scheduler tries to preempt on: a tenth, at least 100, at most all.
 */
export function kubernetesPreemptionCandidates(nodes: number): number {
  return Math.min(nodes, Math.max(NODES_MIN, Math.trunc(nodes / 10)))
}
