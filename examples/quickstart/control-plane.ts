import { Lease } from 'keelson/api'
import type { Env } from 'keelson/core'
import { createEndpointsController } from 'keelson/discovery'
import type { LeaderElectionOptions, Manager } from 'keelson/reconcile'
import { createGarbageCollector, createManager } from 'keelson/reconcile'
import type { RolloutControllerOptions } from 'keelson/rollout'
import { createRolloutController } from 'keelson/rollout'
import { createSchedulingController } from 'keelson/scheduling'
import type { Client } from 'keelson/store'
import { connectStore } from 'keelson/store/etcd'
import { createNodeLifecycleController, createReplicaController } from 'keelson/workloads'
import type { EtcdPlace } from './etcd-place.js'
import { etcdOptions } from './etcd-place.js'
import { kinds } from './kinds.js'

/** How long the others wait for a leader that is silent, how long it tries to renew, and how often. */
const LEASE = { leaseDurationMs: 3_000, renewDeadlineMs: 2_000, retryPeriodMs: 500 }

/** A control plane that runs. */
export interface ControlPlane {
  stop(): Promise<void>
}

/** The loops that decide; they may run anywhere. Not started yet. */
export function controlLoops(
  client: Client,
  rollout: RolloutControllerOptions = {},
  leaderElection?: LeaderElectionOptions,
): Manager {
  const control = createManager({ client, ...(leaderElection === undefined ? {} : { leaderElection }) })
  control.add(createRolloutController(rollout))
  control.add(createReplicaController({ backoff: { baseMs: 1_000, stableAfterMs: 1_000 } }))
  control.add(createSchedulingController())
  control.add(createNodeLifecycleController({ evictAfterMs: 1_500 }))
  control.add(createEndpointsController())
  control.add(createGarbageCollector({ kinds }))
  return control
}

/** A process with nothing but loops, one of several: the one that leads runs them, another takes over when it is gone. */
export async function startControlPlane(env: Env, etcd: EtcdPlace, identity: string): Promise<ControlPlane> {
  const store = await connectStore({ kinds, env, etcd: etcdOptions(etcd) })
  const leaderElection = { kind: Lease, lease: 'control-plane', identity, ...LEASE }
  const control = controlLoops(store.client(env.fork('control-plane')), {}, leaderElection)
  await control.start()
  return {
    async stop() {
      await control.stop({ gracePeriodMs: 1_000 })
      await store.close()
    },
  }
}
