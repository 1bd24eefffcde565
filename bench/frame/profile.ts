import type { Profiler } from 'node:inspector'
import { findSourceMap } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'

/** How much of the time was spent in the functions of one source file, 0 … 1. */
export interface FileShare {
  readonly file: string
  readonly share: number
}

/** Set in the process of a subject whose time is to be told apart. */
export const profiling: { on: boolean } = { on: false }

/** Samples the stack until `stop`, if it was asked for; every 100 µs. */
export async function startProfile(): Promise<{ stop(): Promise<readonly FileShare[]> } | undefined> {
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
      return sharesOf(profile)
    },
  }
}

/** Waiting, and what profiles and clocks cost themselves. */
const NOT_OURS: ReadonlySet<string> = new Set(['(idle)', '(program)', 'dispatch', 'cpuUsage'])

/** What the bench itself does between the timed batches does not count, and neither does waiting. */
function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): readonly FileShare[] {
  const files = new Map(nodes.map(({ id, callFrame }) => [id, fileOf(callFrame)]))
  const times = new Map<string, number>()
  let total = 0
  for (const [index, id] of samples.entries()) {
    const file = files.get(id) as string
    if (NOT_OURS.has(file) || file.startsWith('bench/')) continue
    const time = timeDeltas[index] ?? 0
    total += time
    times.set(file, (times.get(file) ?? 0) + time)
  }
  return [...times]
    .map(([file, time]) => ({ file, share: time / total }))
    .toSorted((a, b) => b.share - a.share)
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
