import type { JsonSchema } from '../store/index.js'
import {
  closed,
  count,
  countOrPercent,
  flag,
  positive,
  replicas,
  selector,
  template,
  text,
} from './spec-schemas.js'

const failureAction: JsonSchema = { enum: ['continue', 'pause', 'abort', 'revert'] }

const failurePolicy: JsonSchema = {
  anyOf: [
    failureAction,
    closed({
      action: failureAction,
      crash: failureAction,
      readiness: failureAction,
      deadline: failureAction,
      analysis: failureAction,
      hook: failureAction,
      maxFailures: count,
      maxReverts: count,
      onRepeat: { enum: ['retry', 'refuse'] },
    }),
  ],
}

const countOrShare: JsonSchema = {
  anyOf: [count, { type: 'string', pattern: '^[0-9]+(\\.[0-9]{1,4})?%$' }],
}
/** What each kind of gate takes is judged by admission, which names the field. */
const gates: JsonSchema = { type: 'array', items: { type: 'object', required: ['kind'] }, maxItems: 32 }
const rolloutStep: JsonSchema = closed({ next: countOrShare, stable: countOrShare, route: text, gates }, [
  'next',
])
const rolloutHooks: JsonSchema = {
  type: 'array',
  items: closed(
    { name: { type: 'string', minLength: 1, maxLength: 253 }, retries: count, ignoreFailure: flag },
    ['name'],
  ),
  maxItems: 16,
}

export const deploymentSpecSchema: JsonSchema = closed(
  {
    replicas,
    selector,
    template,
    strategy: closed(
      {
        type: { enum: ['RollingUpdate', 'Recreate'] },
        rollingUpdate: closed({
          maxSurge: countOrPercent,
          maxUnavailable: countOrPercent,
          countStopping: flag,
        }),
        steps: { type: 'array', items: { anyOf: [countOrShare, rolloutStep] }, maxItems: 63 },
        service: text,
        blueGreen: closed({ gates, holdMs: count }),
        scaleDownDuringRollout: { enum: ['allow', 'defer'] },
        gates,
        hooks: closed({ pre: rolloutHooks, mid: rolloutHooks, post: rolloutHooks }),
        rollback: closed({
          maxSurge: countOrPercent,
          maxUnavailable: countOrPercent,
          countStopping: flag,
          minReadySeconds: count,
          soakMs: count,
          onFailure: failurePolicy,
        }),
      },
      ['type'],
    ),
    minReadySeconds: count,
    progressDeadlineSeconds: { type: 'integer', minimum: 1 },
    readyWithinMs: positive,
    finishWithinMs: positive,
    onFailure: failurePolicy,
    revisionHistoryLimit: count,
    paused: flag,
  },
  ['replicas', 'selector', 'template'],
)
