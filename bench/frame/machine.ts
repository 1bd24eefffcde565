import { availableParallelism, cpus, loadavg, totalmem } from 'node:os'

/** What the figures depend on besides the code. */
export function describeMachine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor'
  const memory = Math.round(totalmem() / 2 ** 30)
  return `node ${process.version} · ${model} × ${availableParallelism()} · ${memory} GiB`
}

/** The load of the last minute; above the number of processors, wall times tell more about the neighbours. */
export function describeLoad(): string {
  return `load ${(loadavg()[0] ?? 0).toFixed(2)}`
}
