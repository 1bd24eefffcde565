import type { Committer, CommitterParts } from './committer.js'
import type { EtcdLifetimes } from './etcd-lifetimes.js'
import type { KeyQueues } from './key-queue.js'

/** What the clients of one store share. */
export interface EtcdClientParts extends CommitterParts {
  readonly committer: Committer
  readonly lifetimes: EtcdLifetimes
  readonly queues: KeyQueues
}
