/** What Marathon does first when it restarts an app; with its floating-point arithmetic. */
export function marathonRestart(input: {
  readonly instances: number
  readonly minHealth: number
  readonly over: number
  /** Instances that exist, and how many of them are healthy. */
  readonly current: number
  readonly healthy: number
  readonly resident?: boolean
}): { readonly minHealthy: number; readonly maxCapacity: number; readonly killNow: number } {
  const { instances, current, healthy } = input
  const minHealthy = Math.ceil(instances * input.minHealth)
  let maxCapacity = Math.trunc(instances * (1 + input.over))
  let killNow = Math.max(0, healthy - minHealthy)
  if (minHealthy === maxCapacity && maxCapacity <= healthy) {
    if (input.resident === true) killNow = healthy - minHealthy + 1
    else maxCapacity += 1
  }
  if (current > instances) killNow = Math.max(current - instances, killNow)
  return { minHealthy, maxCapacity, killNow }
}
