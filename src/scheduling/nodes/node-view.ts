import type { Attributes, Taint } from '../../core/index.js'
import type { AttachedVolume } from './attached-volumes.js'
import type { FreeDevice } from './devices.js'
import type { HostPort, PortHolder } from './host-ports.js'
import type { NodeImage, NodeUsage } from './node-description.js'
import type { ResourceColumn } from './resource-columns.js'

/** A node with what is placed on it, as plugins see it. Reads are live: do not keep one beyond the call. */
export interface NodeView {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  /** What constraints look at: attributes, labels and the name. */
  readonly attributes: Attributes
  readonly taints: readonly Taint[]
  readonly unschedulable: boolean
  /** Tasks placed on the node. */
  readonly taskCount: number
  /** Tasks that the node takes; infinite when it has no limit. */
  readonly taskLimit: number
  /** Images that are there, by name. */
  readonly images: Readonly<Record<string, NodeImage>>
  /** What was measured of it; undefined when nobody does. */
  readonly usage: NodeUsage | undefined
  /** Why the node cannot be read; undefined when it can. */
  readonly unreadable: string | undefined
  /** Tasks of a group placed on the node. */
  siblingCount(group: string): number
  /** Base units that tasks may use. `column` comes from the request's `column(resource)`. */
  allocatable(column: ResourceColumn): number
  /** Base units asked for by the tasks placed on the node. */
  requested(column: ResourceColumn): number
  /** Its devices, and how much of each nothing has. */
  readonly devices: readonly FreeDevice[]
  /** Most volumes of a driver that it takes; infinite when it has no limit. */
  volumeLimit(driver: string): number
  /** Volumes of a driver that are attached. */
  volumeCount(driver: string): number
  /** Whether some task there has the volume. */
  hasVolume(volume: AttachedVolume): boolean
  /** Recent failures of tasks with this `failuresOf`. */
  failures(of: string): number
  /** Ports that were given back lately, in that order. */
  readonly releasedPorts: readonly HostPort[]
  /** The first of these ports that is taken on the node. */
  portConflict(ports: readonly HostPort[]): HostPort | undefined
  /** Who has the port, or one that conflicts with it. */
  portHolder(port: HostPort): PortHolder | undefined
}
