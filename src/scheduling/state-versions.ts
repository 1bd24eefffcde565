import type { StateChange } from './cluster-state.js'
import { ClusterState, inverseOf } from './cluster-state.js'
import type { NodeRow } from './nodes/node-table.js'

/** A state of the cluster that somebody holds. Either it is the one that the tables have, or it says how to get there. */
interface Version {
  /** The version that is nearer to the tables, and the change from there to this one. */
  nearer:
    | {
        readonly version: Version
        readonly change: StateChange
        /** Versions of the nodes that the change is about, as they are in this version of the state. */
        readonly nodeVersions: readonly number[]
      }
    | undefined
}

/**
 * One set of tables and several versions of it. The tables have one of them at a time; to look at another, the changes
 * in between are made backwards and forwards. So a fork costs nothing, and its changes cost what they change; a version
 * that is no longer held by anybody is garbage.
 */
class SharedState {
  readonly state: ClusterState = new ClusterState()
  /** True since the first fork; before, there is nothing to go back to. */
  isShared = false
  current: Version = { nearer: undefined }

  /** Makes the tables have that version. */
  goTo(version: Version): void {
    if (version === this.current) return
    const path: Version[] = []
    for (let at: Version | undefined = version; at !== undefined; at = at.nearer?.version) path.push(at)
    for (let index = path.length - 2; index >= 0; index--) {
      const next = path[index] as Version
      const { version: here, change, nodeVersions } = next.nearer as NonNullable<Version['nearer']>
      const before = this.state.nodeVersions(change)
      this.state.apply(change)
      this.state.restoreNodeVersions(change, nodeVersions)
      here.nearer = { version: next, change: inverseOf(change), nodeVersions: before }
      next.nearer = undefined
    }
    this.current = version
  }
}

/** A state of the cluster that can be changed without the others seeing it. */
export class StateVersion {
  readonly #shared: SharedState
  #version: Version

  constructor(shared: SharedState = new SharedState(), version: Version = shared.current) {
    this.#shared = shared
    this.#version = version
  }

  /** The tables, as this version has them. Do not keep parts of it over a change of another version. */
  get state(): ClusterState {
    this.#shared.goTo(this.#version)
    return this.#shared.state
  }

  /** Makes a change, or nothing when it throws. See `ClusterState.apply`. */
  apply(change: StateChange, row?: NodeRow): void {
    const { state } = this
    if (!this.#shared.isShared) return state.apply(change, row)
    const nodeVersions = state.nodeVersions(change)
    state.apply(change, row)
    const next: Version = { nearer: undefined }
    this.#version.nearer = { version: next, change: inverseOf(change), nodeVersions }
    this.#version = next
    this.#shared.current = next
  }

  /** What is called takes back all that is changed from now on. O(1); to take back costs as much as was changed. */
  mark(): () => void {
    this.#shared.isShared = true
    const marked = this.#version
    return () => {
      this.#version = marked
    }
  }

  /** Another version, equal for now. O(1). */
  fork(): StateVersion {
    this.#shared.isShared = true
    return new StateVersion(this.#shared, this.#version)
  }
}
