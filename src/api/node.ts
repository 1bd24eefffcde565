import type { Condition, ResourceInput, Taint } from '../core/index.js'
import type { Kind, StoredObject } from '../store/index.js'
import { defineKind } from '../store/index.js'
import { nodeSpecSchema, objectSchema } from './spec-schemas.js'

/** What the cluster wants of a node. */
export interface NodeSpec {
  /** True keeps new tasks away; running ones stay. */
  readonly unschedulable?: boolean
  /**
   * A pool of offers stops its tasks here and launches no more. The condition `Drained` is `True` when the last has ended.
   * Tasks of others are left alone.
   */
  readonly drain?: {
    /** Bound for the tasks' own grace, in seconds. Default: none. */
    readonly gracePeriodSeconds?: number
  }
  /** Keep tasks away that do not tolerate them. `NoExecute` also evicts, where `createTaintEvictionController` runs. */
  readonly taints?: readonly Taint[]
}

/** What a node reports. Conditions: `Ready`, `Drained`. */
export interface NodeStatus {
  readonly capacity?: ResourceInput
  /** What tasks may use; default `capacity`. */
  readonly allocatable?: ResourceInput
  readonly addresses?: readonly { readonly type: 'InternalIP' | 'Hostname'; readonly address: string }[]
  readonly conditions?: readonly Condition[]
  /** Devices that tasks may ask for; counted in what is allocatable, when that does not name the kind. */
  readonly devices?: readonly {
    readonly kind: string
    /** Unique among the devices of its kind on the node. */
    readonly id: string
    readonly attributes?: Readonly<Record<string, string>>
  }[]
  /** Most volumes of each driver that can be attached at a time. A driver that is not named has no limit. */
  readonly volumeLimits?: Readonly<Record<string, number>>
  /** What runs there uses, as whoever measures it says. Schedulers whose profile looks at load read it. */
  readonly usage?: {
    /** On average over the time that was measured. */
    readonly mean: ResourceInput
    /** Its standard deviation over that time. Default: none. */
    readonly deviation?: ResourceInput
    /** What the tasks that were measured ask for; who came since counts beside. Default: all that are there. */
    readonly requested?: ResourceInput
  }
  /** Images that are there, each by all of its names. */
  readonly images?: readonly { readonly names: readonly string[]; readonly sizeBytes: number }[]
  /** Free-form properties for constraints, beside the labels. */
  readonly attributes?: Readonly<Record<string, string>>
}

export type Node = StoredObject<NodeSpec, NodeStatus>

/** A machine that runs tasks. */
export const Node: Kind<NodeSpec, NodeStatus, 'Node'> = /* @__PURE__ */ defineKind<
  NodeSpec,
  NodeStatus,
  'Node'
>({
  apiVersion: 'v1',
  kind: 'Node',
  plural: 'nodes',
  namespaced: false,
  schema: /* @__PURE__ */ objectSchema(nodeSpecSchema),
})
