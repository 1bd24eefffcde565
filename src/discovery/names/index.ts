// Start here.
export { consulNames } from './consul-names.js'
export { dcosNames } from './dcos-names.js'
export { kubernetesNames } from './kubernetes-names.js'
export { mesosNames } from './mesos-names.js'
export { swarmNames } from './swarm-names.js'

// To build with.
export { mesosAgentTail, mesosDomain, mesosHash, mesosLabel } from './mesos-labels.js'
export { nameCollisions } from '../structures/name-collisions.js'

// Types you will meet.
export type { ConsulNamesOptions } from './consul-names.js'
export type { DcosNamesOptions } from './dcos-names.js'
export type { KubernetesNamesOptions } from './kubernetes-names.js'
export type { MesosLabels } from './mesos-labels.js'
export type { MesosNamesOptions } from './mesos-names.js'
export type { SwarmNamesOptions } from './swarm-names.js'
export type { NameCollision } from '../structures/name-collisions.js'
export type { NamingProfile } from '../registry/naming-profile.js'
