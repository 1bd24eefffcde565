/** What the kubelet looks at when memory is short. Amounts in one unit. */
export interface KubernetesMemoryUse {
  readonly id: string
  readonly used: number
  readonly requested: number
  readonly priority: number
}

/**
 * In which order the kubelet evicts under memory pressure: those above their request first, then lower priority, then
 * the largest excess. The QoS class is not looked at.
 */
export function kubernetesEvictionOrder(pods: readonly KubernetesMemoryUse[]): readonly string[] {
  const excess = ({ used, requested }: KubernetesMemoryUse): number => used - requested
  return [...pods]
    .sort(
      (a, b) =>
        Number(excess(b) > 0) - Number(excess(a) > 0) || a.priority - b.priority || excess(b) - excess(a),
    )
    .map(({ id }) => id)
}
