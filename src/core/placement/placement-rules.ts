import type { Constraint } from '../constraints/constraints.js'
import type { LabelSelectorObject, NodeLabelExpression } from '../selectors/label-selector.js'

/** One alternative of a node selector: all its parts must hold. A term without parts matches no node. */
export interface NodeSelectorTerm {
  /** Conditions on the node's labels: `In`, `NotIn`, `Exists`, `DoesNotExist`, `Gt`, `Lt`. */
  readonly matchExpressions?: readonly NodeLabelExpression[]
  /** Conditions on the node's name. */
  readonly matchFields?: readonly NodeFieldExpression[]
}

/** A condition on a field of the node. */
export interface NodeFieldExpression {
  readonly key: 'metadata.name'
  readonly operator: 'In' | 'NotIn'
  /** Exactly one. */
  readonly values: readonly string[]
}

/** A node that a task would rather have, or rather not. */
export interface NodePreference extends NodeSelectorTerm {
  /** A whole number from −100 to 100; below 0 for nodes to avoid. 0 says nothing. */
  readonly weight: number
}

/**
 * How a task uses a volume: `ReadWriteOnce`: with other tasks on one node; `ReadWriteOncePod`: alone; the others: with any
 * tasks on any nodes.
 */
export type VolumeAccess = 'ReadWriteOnce' | 'ReadWriteOncePod' | 'ReadOnlyMany' | 'ReadWriteMany'

/** A volume that a task needs where it runs. */
export interface VolumeClaim {
  /** Unique among the volumes of the cluster. */
  readonly name: string
  /** Who attaches it to nodes: their limits of volumes go by it. Default: no limit counts it. */
  readonly driver?: string
  /** Default `ReadWriteOnce`. */
  readonly access?: VolumeAccess
  /** The nodes that reach it: any one of these must hold, such as its zone. Default: every node. */
  readonly topology?: readonly NodeSelectorTerm[]
}

/** An operating system and an architecture; what is left out may be any. */
export interface Platform {
  readonly os?: string
  /** `x86_64` is `amd64`, and `aarch64` is `arm64`. */
  readonly arch?: string
}

/** Which tasks a task wants in its own domain, or keeps away from it. */
export interface TaskAffinity {
  readonly kind: 'affinity' | 'antiAffinity'
  /** Nodes with one value of this attribute or label are one domain, for example `zone` or `hostname`. */
  readonly attribute: string
  /** Which tasks are meant. Default: the siblings. */
  readonly labelSelector?: LabelSelectorObject
  /** With `labelSelector`: their namespaces. Default: the task's own. */
  readonly namespaces?: readonly string[]
  /** Absent: it must be so. Present: it counts that much per task, a whole number from 1 to 100. */
  readonly weight?: number
}

/** How evenly tasks are to be spread over the values of an attribute. */
export interface TopologySpread {
  /** Nodes with one value of this attribute or label are one domain, for example `zone` or `hostname`. */
  readonly attribute: string
  /** How many tasks more than the emptiest domain a domain may have; at least 1. Default 1. */
  readonly maxSkew?: number
  /** `DoNotSchedule` refuses nodes; `ScheduleAnyway` only prefers. Default `DoNotSchedule`. */
  readonly whenUnsatisfiable?: 'DoNotSchedule' | 'ScheduleAnyway'
  /** With fewer domains than this, the emptiest counts as empty. At least 1. Default 1. */
  readonly minDomains?: number
  /** Which tasks are counted. Default: the siblings. */
  readonly labelSelector?: LabelSelectorObject
  /**
   * Whether domains that selectors of the task exclude count as the emptiest: `Ignore`: they do. Default `Honor`.
   */
  readonly nodeAffinityPolicy?: 'Honor' | 'Ignore'
  /**
   * Whether domains that only taints keep the task away from count as the emptiest: `Ignore`: they do. Default: as the
   * filter says, natively `Honor`.
   */
  readonly nodeTaintsPolicy?: 'Honor' | 'Ignore'
  /**
   * With `ScheduleAnyway`: the share of the wanted tasks that each value is to have, in percent, 100 in all at most. What
   * they leave over is that of each value that is not named. Default: all alike.
   */
  readonly targets?: Readonly<Record<string, number>>
  /** With `ScheduleAnyway`: how much the rule counts beside others, a whole number from 1 to 100. Default 1. */
  readonly weight?: number
  /**
   * With `ScheduleAnyway`: domains are those of the attribute within one value of each of these, such as racks within zones;
   * targets are then shares of the tasks there. Default: the attribute alone.
   */
  readonly within?: readonly string[]
  /** Labels by which the counted tasks must equal this one, such as a hash of the template. */
  readonly matchLabelKeys?: readonly string[]
}

/** Devices that a task asks for. */
export interface DeviceRequest {
  /** For example `nvidia.com/gpu`. */
  readonly kind: string
  /** How many, at least 1. Default 1. */
  readonly count?: number
  /**
   * How much of each of them, in thousandths from 0.001 to 1. Less than 1: others may have the rest, and of several each is
   * another device. Default 1: all of it.
   */
  readonly share?: number
  /** What each of them must satisfy by its attributes; not those on siblings. Default: any device of the kind. */
  readonly constraints?: readonly Constraint[]
}
