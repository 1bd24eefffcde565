import type { CellProgram } from '../../../src/rollout/cells/index.js'
import type { Program, RolloutFields } from '../../../src/rollout/index.js'
import {
  kubernetesProgram,
  marathonRollout,
  nomadRollout,
  recreate,
  rolling,
  swarmRollout,
} from '../../../src/rollout/index.js'

export const REPLICAS = 6
const approve = [{ kind: 'approve', name: 'lead' }] as const

const programOf = (fields: RolloutFields): Program => {
  const { onFailure = {} } = fields
  return kubernetesProgram(fields, typeof onFailure === 'string' ? { action: onFailure } : onFailure)
}

/** Rollouts in counts. */
export const countsPresets: Readonly<Record<string, Program>> = {
  deployment: kubernetesProgram({}),
  'deployment that counts what stops': rolling({ countStopping: true }),
  'deployment that aborts': rolling({ maxSurge: 1, maxUnavailable: 1, onFailure: 'abort' }),
  'deployment that pauses': rolling({
    steps: [{ next: '50%', gates: approve }],
    onFailure: 'pause',
    progressWithinMs: 120_000,
  }),
  'deployment of type Recreate': recreate(),
  'deployment with a canary': kubernetesProgram({
    strategy: { type: 'RollingUpdate', steps: [{ next: '20%', gates: approve }, '50%'] },
  }),
  'deployment, blue/green': kubernetesProgram({
    strategy: { type: 'RollingUpdate', blueGreen: { gates: approve } },
  }),
  'swarm, stop-first': programOf(swarmRollout({ parallelism: 2 }, REPLICAS)),
  'swarm, start-first': programOf(
    swarmRollout({ order: 'start-first', failure_action: 'rollback' }, REPLICAS),
  ),
  marathon: programOf(marathonRollout({}, REPLICAS)),
  'marathon, resident': programOf(marathonRollout({ resident: true }, REPLICAS)),
  nomad: programOf(nomadRollout({ max_parallel: 2, auto_revert: true })),
  'nomad with canaries': programOf(nomadRollout({ max_parallel: 2, canary: 2 })),
}

/** Rollouts cell by cell. */
export const cellPresets: Readonly<Record<string, CellProgram>> = {
  'statefulset, ordered': { strict: true },
  'statefulset with a partition': { strict: true, partition: 2 },
  'statefulset, parallel': { maxUnavailable: 2 },
  daemonset: { maxUnavailable: 1 },
  'daemonset with a surge': { order: 'start-first', maxSurge: 2 },
  'swarm slots': { maxUnavailable: 3, width: 2 },
  'nomad system job': { maxUnavailable: 2, width: 2 },
}
