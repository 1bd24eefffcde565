/** Namespace of the nodes' heartbeat leases. */
export const NODE_LEASE_NAMESPACE = 'keelson-nodes'

/** Keeps a task's object until its node has stopped the process. */
export const NODE_AGENT_FINALIZER = 'keelson.dev/node-agent'
