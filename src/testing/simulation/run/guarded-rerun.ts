import { UsageError } from '../../../core/index.js'
import type { AsyncGuard } from '../../guard/async-guard.js'
import { createAsyncGuard } from '../../guard/async-guard.js'
import type { ShownTime } from '../../guard/chance-calls.js'
import type { TraceStep } from '../actions/trace-step.js'
import { replayChoices } from '../choices/replay-choices.js'
import type { Violation } from '../judge/violation.js'
import { describeDifference } from '../objects/state-difference.js'
import type { Execution } from '../setup/execution.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import { execute } from './execute.js'

/**
 * Runs an execution again, under guard. An execution that was looked into no further than its rest is repeated beyond
 * it; that much is not compared. Returns what the guard has seen: work at the host, or what an attempt waits for.
 *
 * @param shows what the host's clock shows meanwhile: what is decided by the host's clock is seen when that leads elsewhere
 * @throws UsageError when the same choices lead elsewhere, and the guard has seen nothing
 */
export async function rerunGuarded(
  setup: ExecutionSetup,
  first: Execution,
  shows: ShownTime = 'early',
): Promise<Violation | undefined> {
  const looksAtPromises = first.violation?.invariant === 'noStrayWork'
  const { again, guard } = await rerunUnder(createAsyncGuard({ looksAtPromises, shows }), setup, first)
  const isSeen = guard !== undefined && !setup.except.has('noStrayWork') && seenBy(guard, again) !== undefined
  if (!isSeen) assertEqual(first, again, guard?.chance() ?? [])
  if (again.violation?.invariant === 'noFloatingPromises') return again.violation
  if (!isSeen || looksAtPromises) return isSeen ? seenBy(guard, again) : undefined
  // Once more, and closely, for the line.
  const closely = await rerunUnder(createAsyncGuard({ looksAtPromises: true, shows }), setup, first)
  return (closely.guard && seenBy(closely.guard, closely.again)) ?? seenBy(guard, again)
}

interface Repeated {
  readonly again: Execution
  readonly guard: AsyncGuard | undefined
}

async function rerunUnder(
  guard: AsyncGuard | undefined,
  setup: ExecutionSetup,
  { seed, choices }: Execution,
): Promise<Repeated> {
  const own = { ...setup, seed, ...(guard === undefined ? {} : { guard }) }
  const run = (): Promise<Execution> => execute(own, replayChoices(choices))
  return { again: await (guard === undefined ? run() : exclusively(() => guard.run(run))), guard }
}

function seenBy(guard: AsyncGuard, { violation }: Execution): Violation | undefined {
  const stray = guard.stray()
  if (stray !== undefined) return { invariant: 'noStrayWork', message: stray }
  if (violation?.invariant !== 'noStrayWork') return undefined
  const awaited = guard.awaited()
  return awaited === undefined ? undefined : { ...violation, message: awaited }
}

function assertEqual(first: Execution, again: Execution, chance: readonly string[]): void {
  const differences = differencesIn(first, again)
  const [difference] = differences
  if (difference === undefined) return
  const cause =
    chance.length === 0
      ? 'Take time, chance and ids from ctx.env, and keep no state outside of the function that makes the parts'
      : `It called ${chance.join(', ')}: take time, chance and ids from ctx.env`
  throw new UsageError(`the code under test is not deterministic: ${difference.what}. ${cause}`, {
    seed: first.seed,
    step: difference.step,
    chance,
  })
}

interface Difference {
  readonly step: number
  readonly what: string
}

function differencesIn(first: Execution, again: Execution): readonly Difference[] {
  const steps = first.trace.flatMap((step, at) => {
    const one = stepText(step)
    const two = stepText(again.trace[at])
    const what = `step ${at + 1} of one execution was "${one}", and when repeated "${two}"`
    return one === two ? [] : [{ step: at + 1, what }]
  })
  if (steps.length > 0) return steps
  const states = describeDifference(first.state, again.state)
  if (states === undefined) return []
  const what = `every step was the same when repeated, and yet it came to rest elsewhere (- first, + repeated):\n${states}\n`
  return [{ step: first.trace.length, what }]
}

function stepText(step: TraceStep | undefined): string {
  if (step === undefined) return 'nothing'
  const { actor, kind, label, timeMs, revision } = step
  return `${timeMs} ms ${actor} ${kind} ${label}${revision === undefined ? '' : ` → ${revision}`}`
}

let last: Promise<unknown> = Promise.resolve()

/** One after the other: a guard wraps functions of the host, and gives back what it has found there. */
function exclusively<T>(work: () => Promise<T>): Promise<T> {
  const result = last.then(work)
  last = result.catch(() => {})
  return result
}
