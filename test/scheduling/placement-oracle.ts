import type {
  HostPort,
  NodeDescription,
  PlacementRequest,
  TaskPlacement,
} from '../../src/scheduling/index.js'

/** The plainest scheduler there is: all nodes, all tasks, every sum and every rule written out, nothing kept. */
export function placeByOracle(
  nodes: readonly NodeDescription[],
  tasks: readonly TaskPlacement[],
  request: PlacementRequest,
  mode: 'spread' | 'pack',
): string | undefined {
  const candidates = nodes
    .filter(node => fits(node, tasksOn(node, tasks), request))
    .map(node => ({ name: node.name, score: scoreOf(node, tasksOn(node, tasks), request, mode) }))
    .sort((a, b) => b.score - a.score || (a.name < b.name ? -1 : 1))
  return candidates[0]?.name
}

/** Whether the node breaks no limit that the tasks on it could have broken. */
export function isWithinLimits(node: NodeDescription, tasks: readonly TaskPlacement[]): boolean {
  const here = tasksOn(node, tasks)
  if (here.length > (node.allocatable['pods'] ?? Number.POSITIVE_INFINITY)) return false
  const names = new Set(here.flatMap(task => Object.keys(task.requests ?? {})))
  return [...names].every(name => used(here, name) <= (node.allocatable[name] ?? 0))
}

function tasksOn(node: NodeDescription, tasks: readonly TaskPlacement[]): readonly TaskPlacement[] {
  return tasks.filter(task => task.node === node.name)
}

function used(tasks: readonly TaskPlacement[], resource: string): number {
  return tasks.reduce((sum, task) => sum + (task.requests?.[resource] ?? 0), 0)
}

function fits(node: NodeDescription, here: readonly TaskPlacement[], request: PlacementRequest): boolean {
  const tolerated = (key: string): boolean =>
    (request.tolerations ?? []).some(toleration => toleration.key === key)
  const taken = [...(node.hostPorts ?? []), ...here.flatMap(task => task.hostPorts ?? [])]
  const collide = (a: HostPort, b: HostPort): boolean =>
    a.port === b.port && (a.ip === b.ip || a.ip === '0.0.0.0' || b.ip === '0.0.0.0')
  return (
    node.unschedulable !== true &&
    (node.taints ?? []).every(({ key, effect }) => effect === 'PreferNoSchedule' || tolerated(key)) &&
    Object.entries(request.nodeSelector?.matchLabels ?? {}).every(
      ([key, value]) => node.labels?.[key] === value,
    ) &&
    (request.constraints ?? []).every(({ attribute, value }) => node.attributes?.[attribute] === value) &&
    here.length + 1 <= (node.allocatable['pods'] ?? Number.POSITIVE_INFINITY) &&
    Object.entries(request.requests ?? {}).every(
      ([name, amount]) => amount === 0 || used(here, name) + amount <= (node.allocatable[name] ?? 0),
    ) &&
    (request.hostPorts ?? []).every(wanted => taken.every(port => !collide(wanted, port)))
  )
}

function scoreOf(
  node: NodeDescription,
  here: readonly TaskPlacement[],
  request: PlacementRequest,
  mode: 'spread' | 'pack',
): number {
  const avoided = (node.taints ?? []).filter(
    ({ key, effect }) =>
      effect === 'PreferNoSchedule' && !(request.tolerations ?? []).some(one => one.key === key),
  ).length
  const asks = (name: string): boolean => (request.requests?.[name] ?? 0) > 0
  const shares = ['cpu', 'memory', ...['gpu'].filter(asks)]
    .map(name => ({
      asked: used(here, name) + (request.requests?.[name] ?? 0),
      there: node.allocatable[name] ?? 0,
    }))
    .filter(({ there }) => there > 0)
  const mean = (values: readonly number[]): number =>
    values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length
  const taints = 100 / (1 + avoided)
  if (mode === 'pack') {
    const filled = mean(shares.map(({ asked, there }) => (Math.min(asked, there) / there) * 100))
    return units(taints * 9) + units(filled)
  }
  const free = mean(shares.map(({ asked, there }) => (asked > there ? 0 : ((there - asked) / there) * 100)))
  const fractions = shares.map(({ asked, there }) => Math.min(1, asked / there))
  const [first = 0, second = 0] = fractions
  const deviation =
    fractions.length === 2
      ? Math.abs(first - second) / 2
      : Math.sqrt(mean(fractions.map(fraction => (mean(fractions) - fraction) ** 2)))
  const balance = ['cpu', 'memory', 'gpu'].some(asks) ? (1 - deviation) * 100 : 0
  const fewest = 100 / (1 + here.length)
  return units(taints * 18) + units(free) + units(balance) + units(fewest * 0.01)
}

/** Scores add up in whole units, so that nodes that are equal are equal whatever the order of the sum. */
function units(score: number): number {
  return Math.round(score * 2 ** 20)
}
