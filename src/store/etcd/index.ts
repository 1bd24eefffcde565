// Start here.
export { connectStore } from './connect-store.js'

// Types you will meet.
export type { ReplicaFreshness } from '../replica/replica.js'
export type { ConnectStoreOptions } from './connect-store.js'
export type { EtcdOptions } from './etcd-connection.js'
export type { EtcdStore } from './etcd-store.js'
export type { EtcdTls } from './etcd-tls.js'
