import {
  AddressClaim,
  Deployment,
  EndpointSlice,
  Lease,
  Node,
  ReplicaSet,
  Revision,
  Service,
  Task,
} from 'keelson/api'
import type { Kind } from 'keelson/store'

/** Everything that the orchestrator keeps. */
export const kinds: readonly Kind[] = [
  AddressClaim,
  Deployment,
  EndpointSlice,
  Lease,
  Node,
  ReplicaSet,
  Revision,
  Service,
  Task,
]
