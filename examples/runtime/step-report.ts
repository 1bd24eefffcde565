import type { LoadReport } from './http-load.js'

/** How one step of a scripted run went. */
export interface StepResult {
  readonly name: string
  /** True when no request may fail. */
  readonly planned: boolean
  readonly seconds: number
  readonly load: LoadReport
  /** Tasks that run elsewhere, or were replaced, because of the step. */
  readonly rescheduled: number
}

/** Least load for the run to prove anything. */
export interface LoadGoal {
  readonly requests: number
  readonly requestsPerSecond: number
}

/** Prints the table and the verdict; returns the exit code: 0 only if every expectation held. */
export function reportSteps(results: readonly StepResult[], goal: LoadGoal): number {
  const write = (...cells: readonly (string | number)[]): void => {
    const [first, ...rest] = cells.map(String)
    process.stdout.write(
      `${rest.length === 0 ? first : `${first?.padEnd(34)}${rest.map(c => c.padStart(10)).join('')}`}\n`,
    )
  }
  const sum = (value: (result: StepResult) => number): number =>
    results.reduce((total, r) => total + value(r), 0)
  const planned = results.filter(result => result.planned)
  const sent = sum(result => result.load.sent)
  const seconds = sum(result => result.seconds)
  const rate = sent / seconds
  const lost = planned.reduce((total, result) => total + result.load.failed, 0)
  const latencies = results.flatMap(result => result.load.latenciesMs).sort((a, b) => a - b)
  const percentile = (share: number): string =>
    (latencies[Math.floor(latencies.length * share)] ?? 0).toFixed(1)

  write('')
  write('step', 'seconds', 'requests', 'failed', 'allowed')
  for (const { name, seconds: took, load, planned: strict } of results) {
    write(name, took.toFixed(1), load.sent, load.failed, strict ? 0 : 'any')
  }
  write('')
  write(
    `requests ${sent} (${rate.toFixed(0)}/s), failed ${sum(r => r.load.failed)}, during planned steps ${lost}`,
  )
  write(`latency p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms`)
  write(`rescheduled tasks ${sum(result => result.rescheduled)}, total time ${seconds.toFixed(1)} s`)
  for (const failure of planned.flatMap(result => result.load.failures)) write(`request failed: ${failure}`)

  const problems = [
    ...(lost === 0 ? [] : [`${lost} requests failed while a change was planned; 0 are allowed`]),
    ...(sent >= goal.requests ? [] : [`${sent} requests were sent; at least ${goal.requests} are expected`]),
    ...(rate >= goal.requestsPerSecond
      ? []
      : [`${rate.toFixed(0)} requests/s; at least ${goal.requestsPerSecond} are expected`]),
  ]
  for (const problem of problems) write(`expectation failed: ${problem}`)
  if (problems.length === 0) write('ok')
  return problems.length === 0 ? 0 : 1
}
