import { posix } from 'node:path'
import type { SourceFile } from './source-file.js'

/** By area, or by folder of one: its rooms, from the ground up. */
export type FloorPlan = Readonly<Record<string, readonly (readonly string[])[]>>

/**
 * The rooms of a module, from the ground up. A room is a folder, or a file that stands beside the folders. It imports
 * from the rooms below it only, types included; rooms of one floor do not know each other.
 */
export const floors: FloorPlan = {
  core: [
    ['error-details.ts', 'nearest-name.ts'],
    ['errors.ts'],
    ['known-options.ts', 'read-problems.ts', 'whole-number.ts'],
    ['health', 'json', 'shapes', 'structures', 'text', 'time'],
    ['cron', 'metrics', 'reasons.ts', 'selectors', 'strategies'],
    ['resources'],
    ['constraints'],
    ['placement'],
    ['env'],
    ['fairness'],
  ],
  discovery: [
    ['structures'],
    ['addresses', 'health', 'services'],
    ['balance', 'dns'],
    ['registry'],
    ['names'],
    ['render'],
    ['node', 'shell'],
  ],
  offers: [['resources'], ['allocator'], ['pool'], ['matching', 'node', 'shell']],
  reconcile: [
    [
      'object-key.ts',
      'in-time.ts',
      'owner-reference.ts',
      'permanent-error.ts',
      'stop-report.ts',
      'thrown-error.ts',
      'wait-until.ts',
    ],
    ['children', 'events', 'limiters', 'sources'],
    ['cache', 'hot-loops', 'queue'],
    ['attempt'],
    ['controller', 'election'],
    ['garbage-collection', 'loops', 'manager'],
  ],
  rollout: [
    ['blocker.ts', 'instance-failure.ts', 'revision-ledger.ts'],
    ['budget.ts', 'gate.ts'],
    ['failure-cause.ts', 'lint-budget.ts', 'move.ts', 'program.ts'],
    ['goal.ts', 'strategy-waypoints.ts'],
    ['traffic.ts'],
    ['rollout-view.ts'],
    ['gates.ts'],
    ['rollout-spec.ts', 'rollout-state.ts'],
    ['ledger-marks.ts', 'rollout-start.ts'],
    ['way-back.ts'],
    ['at-waypoint.ts'],
    ['rollout-faults.ts'],
    ['machine.ts', 'rollout-conditions.ts', 'rollout-status.ts'],
    ['rollout-event.ts'],
    ['cell-plan', 'disruption', 'groups', 'presets'],
    ['shell'],
    ['cells'],
  ],
  scheduling: [
    ['nodes'],
    ['requests'],
    ['domains'],
    ['plugins'],
    ['filters'],
    ['scores'],
    ['presets', 'profiles'],
    ['classes', 'scheduler-errors.ts', 'task-ledger.ts'],
    ['cluster-state.ts'],
    ['explanation.ts', 'state-versions.ts'],
    ['place-result.ts', 'reserved-room.ts'],
    ['scheduler.ts'],
    ['plans', 'preemption'],
    ['gangs'],
    ['queue'],
    ['planning', 'remedies'],
    ['shell'],
  ],
  store: [
    ['json'],
    ['object'],
    ['kind'],
    ['engine'],
    ['lifetime'],
    ['read'],
    ['watch'],
    ['admission'],
    ['apply'],
    ['write'],
    ['transaction'],
    ['client'],
    ['admin', 'replica'],
    ['etcd', 'node'],
    ['program'],
  ],
  testing: [
    ['host', 'make-store.ts'],
    ['guard', 'virtual'],
    ['simulation', 'store-laws'],
    ['describe-store.ts', 'discovery', 'fuzzing', 'rollouts'],
  ],
  'testing/simulation': [
    ['objects'],
    ['clients'],
    ['world'],
    ['actions'],
    ['judge'],
    ['setup'],
    ['choices'],
    ['run'],
    ['report', 'search'],
    ['threads'],
    ['check.ts', 'simulate.ts'],
  ],
  workloads: [
    ['earliest-time.ts', 'held-task.ts', 'slots'],
    [
      'cell-tasks',
      'crash-backoff.ts',
      'cron',
      'daemon',
      'drain-order.ts',
      'heard-nodes.ts',
      'node-agent-names.ts',
      'node-lifecycle-plan.ts',
      'probe-machine.ts',
      'recent-failures.ts',
      'scale-down-order.ts',
      'silences.ts',
      'stateful',
      'taint-eviction.ts',
      'task-event.ts',
      'task-lifecycle.ts',
      'zone-disruption.ts',
    ],
    [
      'autoscaler',
      'batch',
      'constraint-enforcement.ts',
      'eviction-backoff.ts',
      'replica-plan.ts',
      'silent-node-eviction.ts',
      'task-status.ts',
    ],
    ['node', 'shell'],
    ['jobs', 'sets'],
  ],
}

/** A module past this many lines needs floors. */
export const FLATS_LINES_MAX = 4000

/** Circles of two files, a type one way and a value the other, that are one concept in two files. */
export const harmlessPairs: readonly (readonly [string, string])[] = [
  ['src/store/kind/admission.ts', 'src/store/kind/kind.ts'],
  ['src/store/engine/kind-table.ts', 'src/store/engine/namespace-table.ts'],
]

/** Arrows that run up or sideways, rooms that no floor names, and large modules without floors. */
export function floorViolations(files: readonly SourceFile[], plan: FloorPlan = floors): string[] {
  const large = [...linesByArea(files)].filter(([area, lines]) => lines > FLATS_LINES_MAX && !(area in plan))
  return [
    ...large.map(([area, lines]) => `${area} has ${lines} lines and no floors`),
    ...Object.entries(plan).flatMap(([area, levels]) => arrowsUp(files, `src/${area}/`, levels)),
  ]
}

/** Each circle of files that import each other, types included, as one line. */
export function circleViolations(
  files: readonly SourceFile[],
  allowed: typeof harmlessPairs = harmlessPairs,
): string[] {
  const known = new Set(files.map(file => file.path))
  const graph = new Map(files.map(file => [file.path, targetsOf(file).filter(path => known.has(path))]))
  return circlesOf(graph)
    .filter(
      circle => !allowed.some(pair => pair.length === circle.length && pair.every(p => circle.includes(p))),
    )
    .map(circle => `a circle of files: ${circle.join(', ')}`)
}

function arrowsUp(
  files: readonly SourceFile[],
  folder: string,
  levels: readonly (readonly string[])[],
): string[] {
  const heightOf = new Map(levels.flatMap((rooms, height) => rooms.map(room => [room, height] as const)))
  const roomOf = (path: string): string => path.slice(folder.length).split('/')[0] ?? ''
  return files
    .filter(
      ({ path }) => path.startsWith(folder) && !/^(?:index|internal)\.ts$/.test(path.slice(folder.length)),
    )
    .flatMap(file => {
      const room = roomOf(file.path)
      const height = heightOf.get(room)
      if (height === undefined) return [`${file.path}: no floor has a room ${room}`]
      return targetsOf(file)
        .filter(target => target.startsWith(folder) && roomOf(target) !== room)
        .filter(target => (heightOf.get(roomOf(target)) ?? Number.POSITIVE_INFINITY) >= height)
        .map(target => `${file.path} imports ${target}: ${room} must not lean on ${roomOf(target)}`)
    })
}

function targetsOf(file: SourceFile): string[] {
  return file.imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier }) => posix.join(posix.dirname(file.path), specifier).replace(/\.js$/, '.ts'))
}

function linesByArea(files: readonly SourceFile[]): Map<string, number> {
  const lines = new Map<string, number>()
  for (const { path, lineCount } of files) {
    const [, area = '', inside] = path.split('/')
    if (inside !== undefined) lines.set(area, (lines.get(area) ?? 0) + lineCount)
  }
  return lines
}

/** The strongly connected components of more than one member, by Tarjan's algorithm; members sorted. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = []
  const indexes = new Map<string, number>()
  const stack: string[] = []
  const visit = (node: string): number => {
    const index = indexes.size
    indexes.set(node, index)
    stack.push(node)
    let low = index
    for (const next of graph.get(node) ?? []) {
      const seen = indexes.get(next)
      if (seen === undefined) low = Math.min(low, visit(next))
      else if (stack.includes(next)) low = Math.min(low, seen)
    }
    if (low === index) {
      const members = stack.splice(stack.indexOf(node))
      if (members.length > 1) circles.push(members.sort())
    }
    return low
  }
  for (const node of graph.keys()) if (!indexes.has(node)) visit(node)
  return circles
}
