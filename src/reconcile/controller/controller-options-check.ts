import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import type { KnownOptions } from '../../core/internal.js'
import { assertKnown, knownOptions, wholeNumber } from '../../core/internal.js'
import type { Kind } from '../../store/index.js'
import type { Fairness } from '../queue/fair-classes.js'
import type { ControllerOptions, MappedWatch, OwnedWatch } from './controller-options.js'
import type { ErrorRule } from './error-rules.js'
import { ruleProblems } from './error-rules.js'

const CONTROLLER_OPTIONS: KnownOptions = /* @__PURE__ */ knownOptions<ControllerOptions<unknown, unknown>>(
  'createController',
  {
    name: true,
    for: true,
    when: true,
    owns: true,
    watches: true,
    signals: true,
    resyncMs: true,
    reads: true,
    ownWrites: true,
    tracksReads: true,
    ownChanges: true,
    events: true,
    concurrency: true,
    timeoutMs: true,
    limiter: true,
    errors: true,
    unhealthyAfterMs: true,
    quarantineAfter: true,
    hotLoopAfter: true,
    fairness: true,
    ageMs: true,
    reconcile: true,
    started: true,
    changed: true,
    stopped: true,
  },
)
const WATCH_OPTIONS = /* @__PURE__ */ knownOptions<MappedWatch>('a watch of createController', {
  kind: true,
  map: true,
  refs: true,
  when: true,
  optional: true,
})
const OWNED_OPTIONS = /* @__PURE__ */ knownOptions<OwnedWatch>('what a controller owns', {
  kind: true,
  owners: true,
  when: true,
})
const FAIRNESS_OPTIONS = /* @__PURE__ */ knownOptions<Fairness<unknown>>('fairness', {
  classOf: true,
  weights: true,
})

const RULE_OPTIONS = /* @__PURE__ */ knownOptions<ErrorRule>('a rule for errors', {
  code: true,
  class: true,
  then: true,
  limiter: true,
  pauseMs: true,
})

/** What is read of the options here. */
type CheckedOptions = Pick<
  ControllerOptions<unknown, unknown>,
  | 'name'
  | 'owns'
  | 'hotLoopAfter'
  | 'concurrency'
  | 'timeoutMs'
  | 'resyncMs'
  | 'quarantineAfter'
  | 'fairness'
  | 'errors'
  | 'unhealthyAfterMs'
  | 'ownChanges'
> & { readonly for: Kind; readonly watches?: readonly object[]; readonly reconcile: unknown }

/**
 * @throws UsageError for an option that would be ignored
 * @throws InvalidError when an option is out of bounds
 */
export function assertControllerOptions(options: CheckedOptions): void {
  assertKnownOptions(options)
  const { name, concurrency = 1, timeoutMs, resyncMs, quarantineAfter = 1, hotLoopAfter = 1 } = options
  const { errors = [], unhealthyAfterMs = 1, ownChanges = 'wake' } = options
  const problems: FieldProblem[] = []
  if (typeof name !== 'string' || name === '')
    problems.push({ field: 'name', value: name, message: 'must be a text that is not empty' })
  if (typeof options.reconcile !== 'function')
    problems.push({ field: 'reconcile', value: options.reconcile, message: 'must be a function' })
  if (typeof options.for?.kind !== 'string')
    problems.push({ field: 'for', value: options.for, message: 'must be a kind, as defineKind gives it' })
  problems.push(
    ...wholeNumber('concurrency', concurrency, { min: 1 }),
    ...wholeNumber('quarantineAfter', quarantineAfter, { min: 1 }),
    ...ruleProblems(errors),
    ...wholeNumber('hotLoopAfter', hotLoopAfter, { min: 1, orInfinity: true }),
  )
  if (timeoutMs !== undefined && !(Number.isFinite(timeoutMs) && timeoutMs > 0)) {
    problems.push({
      field: 'timeoutMs',
      value: timeoutMs,
      message: 'must be a finite number of milliseconds above 0',
    })
  }
  if (ownChanges !== 'wake' && ownChanges !== 'ignore')
    problems.push({ field: 'ownChanges', value: ownChanges, message: 'must be wake or ignore' })
  if (!(unhealthyAfterMs > 0)) {
    const message = 'must be a number of milliseconds above 0, or Infinity'
    problems.push({ field: 'unhealthyAfterMs', value: unhealthyAfterMs, message })
  }
  if (resyncMs !== undefined && !(Number.isFinite(resyncMs) && resyncMs >= 1000)) {
    const message = 'must be a finite number of milliseconds ≥ 1000'
    problems.push({ field: 'resyncMs', value: resyncMs, message })
  }
  if (problems.length > 0) throw new InvalidError(`controller ${name}`, problems)
}

function assertKnownOptions(options: CheckedOptions): void {
  assertKnown(options, CONTROLLER_OPTIONS)
  for (const watch of options.watches ?? []) assertKnown(watch, WATCH_OPTIONS)
  for (const owned of options.owns ?? []) {
    const isKind = typeof owned === 'object' && 'plural' in owned
    if (!isKind) assertKnown(owned, OWNED_OPTIONS)
  }
  for (const rule of options.errors ?? []) assertKnown(rule, RULE_OPTIONS)
  if (options.fairness !== undefined) assertKnown(options.fairness, FAIRNESS_OPTIONS)
}
