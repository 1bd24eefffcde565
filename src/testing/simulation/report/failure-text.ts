import type { Violation } from '../judge/violation.js'
import type { Simulation } from './observe.js'

/** Everything that a failed check says. */
export interface Failure {
  readonly violation: Violation
  readonly simulation: Simulation
  readonly regressionTest: string
  /** What was looked at, in words. */
  readonly bounds: string
  /** The execution that was found first, and how many were run to make it simpler. */
  readonly shrunk: { readonly fromSteps: number; readonly runs: number }
}

/** What a failed check says: what is wrong, how it came to that, and how to see it again. */
export function failureText({ violation, simulation, regressionTest, bounds, shrunk }: Failure): string {
  const { trace, timeline, divergence, replay } = simulation
  const faults = trace.filter(({ isFault }) => isFault).length
  return [
    `${violation.invariant} does not hold: ${violation.message}`,
    '',
    `${count(trace.length, 'step')}, ${count(faults, 'fault')} (found with ${shrunk.fromSteps} steps, made shorter in ` +
      `${shrunk.runs} runs; ! fault, > out of turn, @ revision):`,
    timeline,
    '',
    divergence === undefined
      ? 'Nothing disturbs it: this is the order in which things happen by themselves.'
      : `It leaves the undisturbed way at\n${divergence}`,
    '',
    `Run it again with KEELSON_REPLAY=${replay}`,
    'or keep it as a test, which passes when the bug is gone:',
    ...regressionTest.split('\n').map(line => (line === '' ? '' : `  ${line}`)),
    '',
    `Bounds: ${bounds}`,
  ].join('\n')
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`
}
