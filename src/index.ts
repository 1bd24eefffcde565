// The everyday names of every module; each also lives at its subpath, beside the rest.
export { Deployment, Node, ReplicaSet, Service, Task } from './api/index.js'
export { createEnv, type Env, InvalidError, isKeelsonError, KeelsonError, systemEnv } from './core/index.js'
export { createRegistry, kubernetesNames, type Registry } from './discovery/index.js'
export {
  type Controller,
  createController,
  createManager,
  type Manager,
  RetryAfterError,
  requeueAfter,
  setCondition,
  TerminalError,
  waitUntil,
} from './reconcile/index.js'
export { createRolloutController, undo } from './rollout/index.js'
export { createScheduler, packProfile, type Scheduler, spreadProfile } from './scheduling/index.js'
export {
  type Client,
  createStore,
  defineKind,
  type Kind,
  type ObjectRef,
  type Store,
  type StoredObject,
} from './store/index.js'
export { createReplicaController } from './workloads/index.js'
