import { AddressClaim, Service } from '../../api/index.js'
import { deepEqual } from '../../core/internal.js'
import type { Client, ObjectRef, Reader, Transaction } from '../../store/index.js'
import { AddressTakenError } from '../addresses/address-errors.js'
import type { PortPool, PortPoolOptions } from '../addresses/port-pool.js'
import { createPortPool } from '../addresses/port-pool.js'
import type { AllocationCondition } from './allocation-condition.js'

/** The pool that claims of node ports name. */
export const NODE_PORT_POOL = 'node-ports'

export const NODE_PORT_CONDITION: AllocationCondition = {
  type: 'NodePortsAllocated',
  message: 'every node port is claimed',
  reasons: {
    PoolExhausted: 'PoolExhausted',
    AlreadyExists: 'NodePortTaken',
    OutOfRange: 'NodePortOutOfRange',
  },
}

/** The ports of nodes, held by claims as addresses are. */
export interface NodePorts {
  /**
   * Claims the node ports that the ports of the service ask for, all or none, and gives back those that none of them asks
   * for any more. Numbers that were allocated are written into the service, in the same transaction.
   *
   * @param service undefined when it is gone
   * @throws KeelsonError `PoolExhausted`, `AlreadyExists` or `OutOfRange` when one cannot be had
   */
  settle(client: Client, key: ObjectRef, service: Service | undefined): Promise<void>
}

/** A port of a service that asks for a node port. */
interface Demand {
  /** Which of the service's ports. */
  readonly index: number
  /** Its name. */
  readonly port: string
  readonly protocol: 'TCP' | 'UDP'
  /** 0: any. */
  readonly number: number
}

interface Renamed {
  readonly claim: AddressClaim
  readonly port: string
}

interface NodePortPlan {
  readonly letGo: readonly AddressClaim[]
  /** Demands that are met, by index of the port. */
  readonly kept: ReadonlyMap<number, number>
  /** Claims that are kept under another name of their port. */
  readonly renamed: readonly Renamed[]
  /** Those with a number first, so that no allocation takes it. */
  readonly missing: readonly Demand[]
}

export function wantsNodePorts(service: Service | undefined): service is Service {
  return demandsOf(service).length > 0
}

export function createNodePorts(options: PortPoolOptions): NodePorts {
  let pool = createPortPool({ name: NODE_PORT_POOL, ...options })
  /** The claims are the truth; the pool is made of them again when it may differ. */
  let isCurrent = false
  return {
    settle: async (client, key, service) => {
      const { letGo, kept, renamed, missing } = planNodePorts(client, key, service)
      const isWritten = (service?.spec.ports ?? []).every(({ nodePort }) => nodePort !== 0)
      if (letGo.length + renamed.length + missing.length === 0 && isWritten) return
      if (!isCurrent) pool = filledPool(options, client)
      isCurrent = false
      for (const claim of letGo)
        if (isNamedForPort(claim)) pool.release(claim.spec.port?.number ?? 0, claim.spec.port)
      rename(pool, key, renamed)
      const numbers = new Map(kept)
      for (const demand of missing) numbers.set(demand.index, take(pool, key, demand))
      isCurrent = await client.transact(tx => {
        const current = tx.get(Service, key)
        if (current?.metadata.uid !== service?.metadata.uid) return false
        if (!deepEqual(current?.spec.ports, service?.spec.ports)) return false
        for (const { metadata } of letGo) tx.delete(AddressClaim, { name: metadata.name })
        for (const { claim, port } of renamed)
          tx.modify(AddressClaim, { name: claim.metadata.name }, ({ spec }) => {
            if (spec.port !== undefined) spec.port.name = port
          })
        if (current === undefined) return true
        for (const demand of missing) writeClaim(tx, demand, { service: current, numbers })
        tx.modify(Service, key, ({ spec }) => {
          for (const [index, number] of numbers) {
            const port = spec.ports?.[index]
            if (port !== undefined) port.nodePort = number
          }
        })
        return true
      })
    },
  }
}

/** A service that is being deleted keeps its ports: it is proxied until it is gone. */
function demandsOf(service: Service | undefined): readonly Demand[] {
  const { mode = 'vip', ports = [] } = service?.spec ?? {}
  if (mode !== 'vip') return []
  return ports.flatMap(({ name = '', protocol = 'TCP', nodePort }, index) =>
    nodePort === undefined ? [] : [{ index, port: name, protocol, number: nodePort }],
  )
}

function planNodePorts(reader: Reader, key: ObjectRef, service: Service | undefined): NodePortPlan {
  const index = { name: 'owner', value: `${Service.kind}/${key.namespace}/${key.name}` }
  const held = reader.list(AddressClaim, { index }).items.filter(({ spec }) => spec.pool === NODE_PORT_POOL)
  const ours = held.filter(claim => claim.spec.owner.uid === service?.metadata.uid && isNamedForPort(claim))
  const demands = [...demandsOf(service)].sort((a, b) => Number(a.number === 0) - Number(b.number === 0))
  const keptClaims = new Set<AddressClaim>()
  const kept = new Map<number, number>()
  const renamed: Renamed[] = []
  for (const { index: at, port, protocol, number } of demands) {
    // One that is written as 0 again, as a manifest has it, gets back what it has.
    const claim = ours.find(
      candidate =>
        !keptClaims.has(candidate) &&
        candidate.spec.port?.protocol === protocol &&
        (number === 0 ? candidate.spec.port.name === port : candidate.spec.port.number === number),
    )
    if (claim?.spec.port === undefined) continue
    keptClaims.add(claim)
    kept.set(at, claim.spec.port.number)
    if (claim.spec.port.name !== port) renamed.push({ claim, port })
  }
  return {
    letGo: held.filter(claim => !keptClaims.has(claim)),
    kept,
    renamed,
    missing: demands.filter(({ index: at }) => !kept.has(at)),
  }
}

function filledPool(options: PortPoolOptions, reader: Reader): PortPool {
  const full = createPortPool({ name: NODE_PORT_POOL, ...options })
  // A range that was made smaller since takes nothing from who holds it.
  for (const claim of reader.list(AddressClaim).items) {
    const { port, owner, pool } = claim.spec
    if (pool === NODE_PORT_POOL && port !== undefined && isNamedForPort(claim) && full.includes(port.number))
      full.claim(port.number, ownerText(owner, port.name), port)
  }
  return full
}

function claimName({ protocol, number }: Pick<Demand, 'protocol' | 'number'>): string {
  return `node-port-${number}-${protocol.toLowerCase()}`
}

/** Only the name keeps a port from two owners, so a claim of another name holds none. */
export function isNamedForPort({ metadata, spec: { port } }: AddressClaim): boolean {
  return port !== undefined && metadata.name === claimName(port)
}

function take(pool: PortPool, key: ObjectRef, { port, protocol, number }: Demand): number {
  const owner = ownerText(key, port)
  if (number === 0) return pool.allocate(owner, { protocol })
  pool.claim(number, owner, { protocol })
  return number
}

/** All are let go first, since two of them may have each other's name. */
function rename(pool: PortPool, key: ObjectRef, renamed: readonly Renamed[]): void {
  const ports = renamed.flatMap(({ claim: { spec }, port }) =>
    spec.port === undefined ? [] : [{ ...spec.port, name: port }],
  )
  for (const port of ports) pool.release(port.number, port)
  for (const port of ports)
    if (pool.includes(port.number)) pool.claim(port.number, ownerText(key, port.name), port)
}

/** Without uid: a service that is made again gets the ports that it had, if they are free. */
function ownerText({ namespace, name }: ObjectRef, port: string): string {
  return port === '' ? `${namespace}/${name}` : `${namespace}/${name} ${port}`
}

function writeClaim(
  tx: Transaction,
  { index, port, protocol }: Demand,
  { service, numbers }: { readonly service: Service; readonly numbers: ReadonlyMap<number, number> },
): void {
  const number = numbers.get(index) ?? 0
  const name = claimName({ protocol, number })
  const { namespace, name: serviceName, uid } = service.metadata
  const holder = tx.get(AddressClaim, { name })?.spec.owner
  if (holder !== undefined) {
    throw new AddressTakenError(NODE_PORT_POOL, String(number), `${holder.namespace}/${holder.name}`)
  }
  const place = namespace === undefined ? {} : { namespace }
  const owner = { kind: Service.kind, ...place, name: serviceName, uid }
  const spec = { pool: NODE_PORT_POOL, owner, port: { name: port, protocol, number } }
  tx.create(AddressClaim, { metadata: { name }, spec })
}
