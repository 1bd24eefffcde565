import type { Profiler } from 'node:inspector'
import { findSourceMap } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How much of the time was spent in one stage, or in the functions of one source file, 0 … 1. */
export interface Share {
  readonly what: string
  readonly share: number
}

/** A part of an operation that is told by itself. */
export interface Stage {
  readonly name: string
  /** Matches `file function` of what it is done by: `src/core/clock.ts sleep`. What those call is of it, too. */
  readonly frames: RegExp
}

/** Set in the process of a subject whose time is to be told apart. */
export const profiling: { on: boolean } = { on: false }

/**
 * Samples the stack until `stop`, if it was asked for; every 100 µs. A sample is of the first of the stages that any of
 * its frames is of, or else of its file.
 */
export async function startProfile(
  stages: readonly Stage[] = [],
): Promise<{ stop(): Promise<readonly Share[]> } | undefined> {
  if (!profiling.on) return undefined
  const { Session } = await import('node:inspector/promises')
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: 100 })
  await session.post('Profiler.start')
  return {
    stop: async () => {
      const { profile } = await session.post('Profiler.stop')
      session.disconnect()
      return sharesOf(profile, stages)
    },
  }
}

/** Waiting, and what profiles and clocks cost themselves. */
const NOT_OURS: ReadonlySet<string> = new Set(['(idle)', '(program)', 'dispatch', 'cpuUsage'])

/** What the bench itself does between the timed batches does not count, and neither does waiting. */
function sharesOf(
  { nodes, samples = [], timeDeltas = [] }: Profiler.Profile,
  stages: readonly Stage[],
): readonly Share[] {
  const subjects = subjectsOf(nodes, stages)
  const times = new Map<string, number>()
  let total = 0
  for (const [index, id] of samples.entries()) {
    const what = subjects.get(id) as string
    if (NOT_OURS.has(what) || what.startsWith('bench/')) continue
    const time = timeDeltas[index] ?? 0
    total += time
    times.set(what, (times.get(what) ?? 0) + time)
  }
  return [...times]
    .map(([what, time]) => ({ what, share: time / total }))
    .toSorted((a, b) => b.share - a.share)
}

/** By node of the tree of calls: its stage, or its file. */
function subjectsOf(nodes: Profiler.Profile['nodes'], stages: readonly Stage[]): ReadonlyMap<number, string> {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const found = new Map<number, string>()
  const visit = (id: number, above: number): void => {
    const { callFrame, children = [] } = byId.get(id) as Profiler.ProfileNode
    const file = fileOf(callFrame)
    const frame = `${file} ${callFrame.functionName}`
    const own = stages.findIndex(({ frames }) => frames.test(frame))
    const stage = own === -1 ? above : Math.min(own, above)
    found.set(id, stages[stage]?.name ?? file)
    for (const child of children) visit(child, stage)
  }
  // The first node is the root.
  visit((nodes[0] as Profiler.ProfileNode).id, stages.length)
  return found
}

/** The source of a function, by the map beside the bundle; what the engine does has a name in brackets. */
function fileOf({
  url,
  functionName,
  lineNumber,
  columnNumber,
}: Profiler.Profile['nodes'][number]['callFrame']): string {
  if (!url.startsWith('file:')) return url === '' ? functionName : url
  const found = findSourceMap(fileURLToPath(url))?.findEntry(lineNumber, columnNumber)
  const source = found !== undefined && 'originalSource' in found ? found.originalSource : url
  return relative(process.cwd(), source.startsWith('file:') ? fileURLToPath(source) : source)
}
