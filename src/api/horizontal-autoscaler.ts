import type { Condition, LabelSelectorObject } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { autoscalerProblems } from './autoscaler-admission.js'
import { autoscalerSpecSchema } from './autoscaler-schemas.js'
import { specAdmission } from './spec-admission.js'
import { objectSchema } from './spec-schemas.js'

/** What a metric is to be. Amounts are quantities: `0.5`, `'500m'`, `'64Mi'`. */
export interface MetricTarget {
  readonly type: 'Utilization' | 'AverageValue' | 'Value'
  /** Percent of what the tasks request; for `Utilization`, which only resources have. */
  readonly averageUtilization?: number
  /** For each replica; for `AverageValue`. */
  readonly averageValue?: number | string
  /** As it is, whatever the number of replicas; for `Value`, which objects and external metrics have. */
  readonly value?: number | string
}

/** A metric by its name and, if it has labels, by those. */
export interface MetricIdentifier {
  readonly name: string
  readonly selector?: LabelSelectorObject
}

/** What the number of replicas goes by; exactly the member that `type` names. */
export interface MetricSpec {
  readonly type: 'Resource' | 'Pods' | 'Object' | 'External'
  /** What the tasks use of a resource: `cpu` in cores, `memory` in bytes. */
  readonly resource?: { readonly name: string; readonly target: MetricTarget }
  /** What each task says of itself. */
  readonly pods?: { readonly metric: MetricIdentifier; readonly target: MetricTarget }
  /** What is said of another object of the namespace. */
  readonly object?: {
    readonly describedObject: { readonly kind: string; readonly name: string; readonly apiVersion?: string }
    readonly metric: MetricIdentifier
    readonly target: MetricTarget
  }
  /** What has no object here, such as the length of a queue. */
  readonly external?: { readonly metric: MetricIdentifier; readonly target: MetricTarget }
}

/** How far the number may change within a time. */
export interface ScalingPolicy {
  readonly type: 'Pods' | 'Percent'
  /** At least 1. */
  readonly value: number
  /** 1 to 1,800. */
  readonly periodSeconds: number
}

/** How the number changes in one direction. */
export interface ScalingRules {
  /** The recommendation that changes least of so many seconds counts. 0 to 3,600. Default 0 upwards, 300 downwards. */
  readonly stabilizationWindowSeconds?: number
  /** Which of several policies counts: the one that allows most, or least; `Disabled`: none. Default `Max`. */
  readonly selectPolicy?: 'Max' | 'Min' | 'Disabled'
  /** Default: upwards 4 or 100 % each 15 s, downwards 100 % each 15 s. */
  readonly policies?: readonly ScalingPolicy[]
  /** A metric this close to its target, as a share of it, changes nothing. 0 to 1. Default 0.1. */
  readonly tolerance?: number
}

/** Keep metrics of a scalable object near their targets by the number of its replicas. As autoscaling/v2. */
export interface HorizontalAutoscalerSpec {
  /** An object of the namespace with `spec.replicas` and `spec.selector`. */
  readonly scaleTargetRef: { readonly kind: string; readonly name: string; readonly apiVersion?: string }
  /** Default 1. 0 needs a metric of an object or an external one: nothing else wakes what has no replicas. */
  readonly minReplicas?: number
  /** At most 100,000. */
  readonly maxReplicas: number
  /** 1 to 64; the one that asks for most counts. */
  readonly metrics: readonly MetricSpec[]
  readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules }
}

/** What one metric says. */
export interface MetricStatus {
  /** `cpu`, `pods/requests`, `object/Service/web/rate`, `external/queue`. */
  readonly name: string
  /** Per replica, or in percent for a utilization, or as it is. Absent when it is not known. */
  readonly current?: number
  readonly target: number
  /** Replicas that it asks for, of those that count. Absent when it is not known. */
  readonly proposed?: number
  /** Why it asks for that, or what is wrong with it. */
  readonly message: string
}

/** Replicas that were asked for. */
export interface ScaleRecommendation {
  readonly replicas: number
  /** When that was said last. RFC 3339. */
  readonly time: string
}

/** A change of the number. */
export interface ScaleEvent {
  /** Replicas added, or removed if it is negative. */
  readonly change: number
  readonly time: string
}

/**
 * Where the autoscaler stands. Conditions: `AbleToScale`, `ScalingActive`, `ScalingLimited`, with Kubernetes' reasons.
 */
export interface HorizontalAutoscalerStatus {
  readonly observedGeneration: number
  readonly lastScaleTime?: string
  /** `spec.replicas` of the target when it was looked at. */
  readonly currentReplicas: number
  readonly desiredReplicas: number
  readonly currentMetrics?: readonly MetricStatus[]
  readonly conditions?: readonly Condition[]
  /** What the windows go by: replicas that the metrics ask for now, since when, and asked for before. */
  readonly recommendation?: ScaleRecommendation
  readonly recommendations?: readonly ScaleRecommendation[]
  /** What the policies go by, at most 256 changes; of more, neighbours become one, at the later of their times. */
  readonly scaleEvents?: readonly ScaleEvent[]
}

export type HorizontalAutoscaler = StoredObject<HorizontalAutoscalerSpec, HorizontalAutoscalerStatus>

/** Sets the replicas of another object by metrics. */
export const HorizontalAutoscaler: Kind<
  HorizontalAutoscalerSpec,
  HorizontalAutoscalerStatus,
  'HorizontalAutoscaler'
> = /* @__PURE__ */ defineKind<HorizontalAutoscalerSpec, HorizontalAutoscalerStatus, 'HorizontalAutoscaler'>({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalAutoscaler',
  plural: 'horizontalautoscalers',
  namespaced: true,
  schema: /* @__PURE__ */ objectSchema(autoscalerSpecSchema),
  admission: [
    /* @__PURE__ */ specAdmission<HorizontalAutoscalerSpec, HorizontalAutoscalerStatus>(autoscalerProblems),
  ],
  indexes: { target: ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}` },
})
