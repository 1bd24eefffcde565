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

/** The steps of a restart in which every new instance becomes healthy, and no old one recovers. */
export function marathonTrace(input: {
  readonly instances: number
  readonly minHealth: number
  readonly over: number
  readonly old: number
  readonly healthyOld?: number
}): { readonly log: readonly string[]; readonly finished: boolean; readonly stuck: boolean } {
  const { instances, healthyOld = input.old } = input
  const { maxCapacity, killNow } = marathonRestart({ ...input, current: input.old, healthy: healthyOld })
  const log: string[] = []
  let [old, started, healthy] = [input.old, 0, 0]
  const kill = (count: number): void => {
    if (count > 0) log.push(`kill ${count}`)
    old -= count
  }
  const launch = (): void => {
    const count = Math.max(0, Math.min(instances - started, maxCapacity - old - started))
    if (count > 0) log.push(`launch ${count}`)
    started += count
  }
  kill(Math.min(old, killNow))
  launch()
  while (healthy < started) {
    healthy += 1
    if (old === 0) continue
    kill(1)
    launch()
  }
  const finished = healthy === instances && old === 0
  return { log, finished, stuck: !finished }
}

type Condition = 'unreachable' | 'staging' | 'starting' | 'running'
const KILLED_FIRST: readonly Condition[] = ['unreachable', 'staging', 'starting', 'running']

/** Which instances go and how many come when an app is scaled. */
export function marathonScaling(input: {
  readonly instances: readonly { readonly id: string; readonly since: number; readonly cond?: Condition }[]
  readonly scaleTo: number
  readonly sentenced?: readonly string[]
  readonly constraintPick?: readonly string[]
}): { readonly decommission: readonly string[]; readonly start: number } {
  const { instances, sentenced = [], constraintPick = [] } = input
  const target = Math.max(0, input.scaleTo)
  const there = (id: string): boolean => instances.some(one => one.id === id)
  const rank = (cond: Condition = 'running'): number => KILLED_FIRST.indexOf(cond)
  const byCondition = instances.toSorted((a, b) => rank(a.cond) - rank(b.cond) || b.since - a.since)
  const order = new Set([
    ...sentenced.filter(there),
    ...constraintPick.filter(there),
    ...byCondition.map(({ id }) => id),
  ])
  const kill = Math.max(0, instances.length - target, sentenced.filter(there).length)
  return { decommission: [...order].slice(0, kill), start: Math.max(0, target - instances.length + kill) }
}
