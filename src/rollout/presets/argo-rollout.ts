import { InvalidError } from '../../core/index.js'
import type { FailurePolicy, Gate, IntOrPercent, RolloutStep } from '../../core/internal.js'
import { assertKnown, assertValid, knownOptions, parseDuration, wholeNumber } from '../../core/internal.js'
import type { RolloutFields } from './rollout-fields.js'

/** Analyses by the names of their templates, which are those of the controller's gates. */
export interface ArgoAnalysis {
  readonly templates: readonly { readonly templateName: string }[]
}

/** One step of a canary. Others that Argo has, such as experiments, are refused. */
export interface ArgoStep {
  /** Percent of the new template, and of the traffic where that is divided. */
  readonly setWeight?: number
  /** For so many seconds, or as `1h`; without a duration until it is approved. */
  readonly pause?: { readonly duration?: number | string }
  readonly analysis?: ArgoAnalysis
}

/** The parts of a `Rollout`'s spec that say how it is rolled out, in its words. */
export interface ArgoRollout {
  readonly strategy?: {
    readonly canary?: {
      /** Default `25%`. */
      readonly maxSurge?: IntOrPercent
      /** Default `25%`. */
      readonly maxUnavailable?: IntOrPercent
      readonly steps?: readonly ArgoStep[]
      /** The Service whose traffic is divided. Default: none is, and a weight is a share of the instances. */
      readonly stableService?: string
    }
    readonly blueGreen?: {
      readonly activeService: string
      /** False waits for an approval called `promote`. Default true. */
      readonly autoPromotionEnabled?: boolean
      /** So long after the new template is available it is promoted, if nobody approved it before. */
      readonly autoPromotionSeconds?: number
      /** How long the old template stays after the traffic has moved. Default 30. */
      readonly scaleDownDelaySeconds?: number
      readonly prePromotionAnalysis?: ArgoAnalysis
      readonly postPromotionAnalysis?: ArgoAnalysis
    }
  }
  readonly minReadySeconds?: number
  /** Default 600. */
  readonly progressDeadlineSeconds?: number
  /** Whether it is aborted then, and not only told. Default false. */
  readonly progressDeadlineAbort?: boolean
}

const ROLLOUT = /* @__PURE__ */ knownOptions<ArgoRollout>('argoRollout', {
  strategy: true,
  minReadySeconds: true,
  progressDeadlineSeconds: true,
  progressDeadlineAbort: true,
})
type Strategy = NonNullable<ArgoRollout['strategy']>
const STRATEGY = /* @__PURE__ */ knownOptions<Strategy>('argoRollout.strategy', {
  canary: true,
  blueGreen: true,
})
type Canary = NonNullable<Strategy['canary']>
const CANARY = /* @__PURE__ */ knownOptions<Canary>('argoRollout.strategy.canary', {
  maxSurge: true,
  maxUnavailable: true,
  steps: true,
  stableService: true,
})
const STEP = /* @__PURE__ */ knownOptions<ArgoStep>('argoRollout.strategy.canary.steps', {
  setWeight: true,
  pause: true,
  analysis: true,
})
type BlueGreen = NonNullable<Strategy['blueGreen']>
const BLUE_GREEN = /* @__PURE__ */ knownOptions<BlueGreen>('argoRollout.strategy.blueGreen', {
  activeService: true,
  autoPromotionEnabled: true,
  autoPromotionSeconds: true,
  scaleDownDelaySeconds: true,
  prePromotionAnalysis: true,
  postPromotionAnalysis: true,
})

/**
 * A `Rollout` of Argo as the rollout fields of a Deployment. Each `setWeight` is a step; the pauses and analyses after it are
 * its gates, a pause without a duration an approval called `pause-N` by the number of its step, from 1 on. With
 * `stableService` all of the stable template stays and the traffic is divided, as Argo does it with a router.
 *
 * A failed analysis aborts: what was stable gets its capacity back, the template stays, and a retry tries it again. A missed
 * deadline is told, or aborts with `progressDeadlineAbort`; crashes are not looked at. A share is rounded up, where Argo
 * takes the nearest.
 *
 * @throws UsageError for unknown fields; InvalidError when a value is not acceptable, or both or neither strategy is given
 */
export function argoRollout(rollout: ArgoRollout): RolloutFields {
  assertKnown(rollout, ROLLOUT)
  const {
    strategy = {},
    minReadySeconds,
    progressDeadlineSeconds = 600,
    progressDeadlineAbort = false,
  } = rollout
  assertKnown(strategy, STRATEGY)
  const { canary, blueGreen } = strategy
  if ((canary === undefined) === (blueGreen === undefined)) {
    const message = 'must have either canary or blueGreen'
    throw new InvalidError('rollout', [{ field: 'strategy', value: strategy, message }])
  }
  const onFailure: FailurePolicy = {
    action: 'continue',
    analysis: 'abort',
    deadline: progressDeadlineAbort ? 'abort' : 'continue',
  }
  return {
    strategy: canary === undefined ? promoted(blueGreen as BlueGreen) : weighted(canary),
    progressDeadlineSeconds,
    ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
    onFailure,
  }
}

function weighted(canary: Canary): RolloutFields['strategy'] {
  assertKnown(canary, CANARY)
  const { maxSurge = '25%', maxUnavailable = '25%', steps = [], stableService } = canary
  const way: (RolloutStep & { gates: Gate[] })[] = []
  for (const [index, step] of steps.entries()) {
    const field = `strategy.canary.steps[${index}]`
    assertKnown(step, STEP)
    const { setWeight, pause, analysis } = step
    if ([setWeight, pause, analysis].filter(one => one !== undefined).length !== 1)
      refuse(field, step, 'must be one of setWeight, pause and analysis')
    if (setWeight !== undefined) {
      assertValid('rollout', wholeNumber(`${field}.setWeight`, setWeight, { max: 100 }))
      const share = `${setWeight}%`
      const routed = stableService === undefined ? {} : { stable: '100%', route: share }
      way.push({ next: share, ...routed, gates: [] })
      continue
    }
    if (way.length === 0) way.push({ next: 0, gates: [] })
    way.at(-1)?.gates.push(...(pause === undefined ? analyses(analysis) : [pauseGate(pause, index, field)]))
  }
  return {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge, maxUnavailable },
    ...(way.length === 0 ? {} : { steps: way }),
    ...(stableService === undefined ? {} : { service: stableService }),
  }
}

function pauseGate({ duration }: NonNullable<ArgoStep['pause']>, index: number, field: string): Gate {
  if (duration === undefined) return { kind: 'approve', name: `pause-${index + 1}` }
  const at = `${field}.pause.duration`
  if (typeof duration === 'number') assertValid('rollout', wholeNumber(at, duration))
  return { kind: 'soak', ms: typeof duration === 'number' ? duration * 1_000 : parseDuration(duration, at) }
}

function promoted(blueGreen: BlueGreen): RolloutFields['strategy'] {
  assertKnown(blueGreen, BLUE_GREEN)
  const {
    activeService,
    autoPromotionEnabled = true,
    autoPromotionSeconds,
    scaleDownDelaySeconds = 30,
  } = blueGreen
  assertValid('rollout', [
    ...wholeNumber('strategy.blueGreen.scaleDownDelaySeconds', scaleDownDelaySeconds),
    ...wholeNumber('strategy.blueGreen.autoPromotionSeconds', autoPromotionSeconds ?? 0),
  ])
  const approve: Gate = { kind: 'approve', name: 'promote' }
  const promotion: readonly Gate[] =
    autoPromotionSeconds !== undefined
      ? [{ kind: 'any', gates: [approve, { kind: 'soak', ms: autoPromotionSeconds * 1_000 }] }]
      : autoPromotionEnabled
        ? []
        : [approve]
  const both = { next: '100%', stable: '100%' } as const
  const delay: Gate = { kind: 'soak', ms: scaleDownDelaySeconds * 1_000 }
  return {
    type: 'RollingUpdate',
    rollingUpdate: { maxSurge: '100%', maxUnavailable: 0 },
    service: activeService,
    steps: [
      { ...both, route: '0%', gates: [...analyses(blueGreen.prePromotionAnalysis), ...promotion] },
      { ...both, route: '100%', gates: [...analyses(blueGreen.postPromotionAnalysis), delay] },
    ],
  }
}

function analyses(analysis: ArgoAnalysis | undefined): readonly Gate[] {
  return (analysis?.templates ?? []).map(({ templateName }) => ({ kind: 'analysis', name: templateName }))
}

function refuse(field: string, value: unknown, message: string): never {
  throw new InvalidError('rollout', [{ field, value, message }])
}
