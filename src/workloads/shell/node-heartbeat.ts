import type { NodeStatus } from '../../api/index.js'
import { Lease, Node } from '../../api/index.js'
import type { Cancel, FieldProblem } from '../../core/index.js'
import { formatTime, setCondition } from '../../core/index.js'
import { assertKnown, assertValid, deepEqual, knownOptions } from '../../core/internal.js'
import type { Runnable } from '../../reconcile/index.js'

import type { Client } from '../../store/index.js'
import { NODE_LEASE_NAMESPACE } from '../node-agent-names.js'

/** What a node says of itself, and how often. */
export interface NodeHeartbeatOptions {
  readonly nodeName: string
  readonly labels?: Readonly<Record<string, string>>
  /** Capacity, addresses and attributes; conditions are added. */
  readonly status: Omit<NodeStatus, 'conditions'>
  /** Between two renewals. Default 10,000 ms. */
  readonly heartbeatMs?: number
  /** How long one renewal is good for. Default 40 s; must exceed `heartbeatMs`. */
  readonly leaseDurationSeconds?: number
}

const NODE_HEARTBEAT_OPTIONS = /* @__PURE__ */ knownOptions<NodeHeartbeatOptions>('createNodeHeartbeat', {
  nodeName: true,
  labels: true,
  status: true,
  heartbeatMs: true,
  leaseDurationSeconds: true,
})

/**
 * Registers a node and renews its lease. A renewal that fails is logged and tried again at the next beat; after a
 * silence the node declares itself `Ready` again.
 *
 * @throws InvalidError for an option out of bounds, or a lease that ends before the next beat
 */
export function createNodeHeartbeat(options: NodeHeartbeatOptions): Runnable {
  assertKnown(options, NODE_HEARTBEAT_OPTIONS)
  const { nodeName, heartbeatMs = 10_000, leaseDurationSeconds = 40 } = options
  assertHeartbeat({ nodeName, heartbeatMs, leaseDurationSeconds })
  let cancel: Cancel = () => {}
  let run = 0
  return {
    name: `heartbeat-${nodeName}`,
    async start(client) {
      const own = ++run
      const beat = async (): Promise<void> => {
        try {
          await renew(client, options)
        } catch (error) {
          client.env.logger.warn({ error, node: nodeName }, 'heartbeat failed')
        }
        if (run === own) cancel = client.env.clock.after(heartbeatMs, () => void beat())
      }
      await beat()
    },
    stop() {
      run += 1
      cancel()
    },
  }
}

function assertHeartbeat({
  nodeName,
  heartbeatMs,
  leaseDurationSeconds,
}: Required<Pick<NodeHeartbeatOptions, 'nodeName' | 'heartbeatMs' | 'leaseDurationSeconds'>>): void {
  const problems: FieldProblem[] = []
  if (typeof nodeName !== 'string' || nodeName === '')
    problems.push({ field: 'nodeName', value: nodeName, message: 'must name a node' })
  if (!(Number.isFinite(heartbeatMs) && heartbeatMs > 0))
    problems.push({
      field: 'heartbeatMs',
      value: heartbeatMs,
      message: 'must be a number of milliseconds > 0',
    })
  if (!(leaseDurationSeconds * 1000 > heartbeatMs)) {
    const message = `must be longer than heartbeatMs, ${heartbeatMs} ms, or the node is lost between two beats`
    problems.push({ field: 'leaseDurationSeconds', value: leaseDurationSeconds, message })
  }
  assertValid('node heartbeat', problems)
}

async function renew(client: Client, options: NodeHeartbeatOptions): Promise<void> {
  const { nodeName: name, labels = {}, leaseDurationSeconds = 40 } = options
  const nowMs = client.env.clock.now()
  const time = formatTime(nowMs)
  const lease = { namespace: NODE_LEASE_NAMESPACE, name }
  const spec = { holderIdentity: name, leaseDurationSeconds, renewTime: time }
  await client.transact(tx => {
    const node = tx.get(Node, { name }) ?? tx.create(Node, { metadata: { name, labels }, spec: {} })
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'Heartbeat',
      message: 'The node renews its lease',
    } as const
    const status = { ...options.status, conditions: setCondition(node.status?.conditions, ready, time) }
    // Most beats renew the lease and change nothing else.
    if (!deepEqual(status, node.status)) tx.updateStatus(Node, { ...node, status })
    const known = tx.get(Lease, lease)
    if (known === undefined) tx.create(Lease, { metadata: lease, spec: { ...spec, acquireTime: time } })
    else tx.update(Lease, { ...known, spec: { ...known.spec, ...spec } })
  })
}
