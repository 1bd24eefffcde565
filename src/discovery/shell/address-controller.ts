import { AddressClaim, Service } from '../../api/index.js'
import { formatTime, InvalidError, isKeelsonError, parseTime } from '../../core/index.js'
import { assertKnown, canonicalIp, knownOptions } from '../../core/internal.js'
import type { Controller, ReconcileContext } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { ObjectRef, Reader, Transaction } from '../../store/index.js'
import { AddressTakenError } from '../addresses/address-errors.js'
import type { AddressPool } from '../addresses/address-pool.js'
import { allocateFamilies } from '../addresses/allocate-families.js'
import type { PortPoolOptions } from '../addresses/port-pool.js'
import type { AllocationCondition } from './allocation-condition.js'
import { reportAllocation, withdrawAllocation } from './allocation-condition.js'
import type { NodePorts } from './node-ports.js'
import {
  createNodePorts,
  isNamedForPort,
  NODE_PORT_CONDITION,
  NODE_PORT_POOL,
  wantsNodePorts,
} from './node-ports.js'
import type { ServiceAddressPool, ServicePools } from './service-pools.js'
import { createServicePools } from './service-pools.js'

/** Which addresses are given to services. */
export interface AddressControllerOptions {
  /** A service that names no pool gets its addresses from the first that has the family. At least one. */
  readonly pools: readonly ServiceAddressPool[]
  /** Where `nodePort` of the ports of services comes from. Default: 30,000 to 32,767, as of Kubernetes. */
  readonly nodePorts?: Omit<PortPoolOptions, 'name'>
}

/** How long a service without an address waits before it tries again. */
const RETRY_MS = 5000
/** Names of claims in one line of the log. */
const WARNED_MAX = 100
const ADDRESS_CONDITION: AllocationCondition = {
  type: 'AddressAllocated',
  message: 'every address is claimed',
  reasons: {
    PoolExhausted: 'PoolExhausted',
    AlreadyExists: 'AddressTaken',
    OutOfRange: 'AddressOutOfRange',
    NotFound: 'NoPool',
  },
}

/** Said of a service while a claim of its own holds nothing. */
const CLAIM_CONDITION: AllocationCondition = {
  type: 'AddressClaimsValid',
  message: 'every claim is named by an address',
  reasons: { Invalid: 'NoAddress' },
}

const ADDRESS_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<AddressControllerOptions>(
  'createAddressController',
  { pools: true, nodePorts: true },
)

/**
 * Gives each Service of mode `vip` virtual addresses, one of each of its families or none, and takes them back when the
 * service is gone or changes its mode. An address is held by an AddressClaim object of its name, written in one
 * transaction with `spec.clusterIPs`: two services can never hold one address, and none is lost half-way. A claim outlives
 * its use by the quarantine of its pool, so that no restart hands an address out too early. The pools in memory are
 * caches of the claims. When an address cannot be had, the service's condition `AddressAllocated` says why.
 *
 * A claim whose name is no address, in its canonical form, holds none. It is left out, said in the condition
 * `AddressClaimsValid` of its service, and removed as one that the service has no right to. Where the owner is no
 * Service, the log says so at the start.
 *
 * The node ports that ports of a service ask for (`nodePort`) are held by claims in the same way, and said in the
 * condition `NodePortsAllocated`. They are free as soon as no port asks for them, or the service is gone.
 *
 * @throws InvalidError for no pool, two of one name, or one that cannot be made
 */
export function createAddressController(options: AddressControllerOptions): Controller {
  assertKnown(options, ADDRESS_CONTROLLER_OPTIONS)
  assertPools(options.pools)
  const pools = createServicePools(options.pools)
  const addresses = createServiceAddresses(pools)
  const nodePorts = createNodePorts(options.nodePorts ?? {})
  let isFirst = true
  return createController({
    name: 'addresses',
    for: Service,
    watches: [
      { kind: AddressClaim, map: claim => (claim.spec.owner.kind === Service.kind ? [refOf(claim)] : []) },
    ],
    reconcile: async (key, service, ctx) => {
      if (isFirst) warnOfClaims(ctx, pools)
      isFirst = false
      const againMs = Math.min(
        await addresses.settle(ctx, key, service),
        await settleNodePorts(ctx, nodePorts, { key, service }),
      )
      return Number.isFinite(againMs) ? requeueAfter(againMs) : undefined
    },
  })
}

/** The virtual addresses of services. */
interface ServiceAddresses {
  /** Gives a service what it wants and takes what it does not; when to look again, in ms. */
  settle(ctx: ReconcileContext, key: ObjectRef, service: Service | undefined): Promise<number>
}

function createServiceAddresses(pools: ServicePools): ServiceAddresses {
  let filled = false
  const refill = (reader: Reader, nowMs: number): void => {
    const claims = reader.list(AddressClaim).items
    for (const pool of pools.all) {
      const own = claims.filter(claim => claim.spec.pool === pool.name && isAddress(claim))
      pool.rebuild(own.map(heldAddress), nowMs)
    }
    filled = true
  }
  return {
    settle: async (ctx, key, service) => {
      const { client, env } = ctx
      if (!filled) refill(client, env.clock.now())
      const againMs = await release(ctx, pools, key)
      await reportClaims(ctx, pools, key)
      if (!wantsAddress(service)) {
        await withdrawAllocation(ctx, key, ADDRESS_CONDITION)
        return againMs
      }
      try {
        await hold(ctx, pools, service)
      } catch (error) {
        if (!isKeelsonError(error, 'PoolExhausted', 'AlreadyExists', 'OutOfRange', 'NotFound')) throw error
        refill(client, env.clock.now())
        await reportAllocation(ctx, key, ADDRESS_CONDITION, error)
        return RETRY_MS
      }
      await reportAllocation(ctx, key, ADDRESS_CONDITION, undefined)
      return againMs
    },
  }
}

/** When to look again, in ms. */
async function settleNodePorts(
  ctx: ReconcileContext,
  nodePorts: NodePorts,
  { key, service }: { readonly key: ObjectRef; readonly service: Service | undefined },
): Promise<number> {
  try {
    await nodePorts.settle(ctx.client, key, service)
  } catch (error) {
    if (!isKeelsonError(error, 'PoolExhausted', 'AlreadyExists', 'OutOfRange')) throw error
    await reportAllocation(ctx, key, NODE_PORT_CONDITION, error)
    return RETRY_MS
  }
  if (wantsNodePorts(service)) await reportAllocation(ctx, key, NODE_PORT_CONDITION, undefined)
  else await withdrawAllocation(ctx, key, NODE_PORT_CONDITION)
  return Number.POSITIVE_INFINITY
}

function assertPools(pools: readonly ServiceAddressPool[]): void {
  const names = [NODE_PORT_POOL, ...pools.map(({ name }) => name)]
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (pools.length > 0 && twice === undefined) return
  const message =
    pools.length === 0 ? 'must hold at least one pool' : `must have different names, not ${twice} twice`
  throw new InvalidError('address controller', [{ field: 'pools', value: names, message }])
}

/** Only the name keeps an address from two owners, so a claim of another name, or of another spelling, holds none. */
function isAddress({ metadata }: AddressClaim): boolean {
  return canonicalIp(metadata.name) === metadata.name
}

/** Claims that hold nothing, and that are said on no service, for their owner is none. */
function warnOfClaims({ client, env }: ReconcileContext, pools: ServicePools): void {
  const holdsNothing = (claim: AddressClaim): boolean =>
    claim.spec.pool === NODE_PORT_POOL
      ? !isNamedForPort(claim)
      : pools.names.has(claim.spec.pool) && !isAddress(claim)
  const claims = client
    .list(AddressClaim)
    .items.filter(claim => claim.spec.owner.kind !== Service.kind && holdsNothing(claim))
    .map(({ metadata }) => metadata.name)
  if (claims.length === 0) return
  env.logger.warn(
    { claims: claims.slice(0, WARNED_MAX), count: claims.length },
    'claims hold nothing, since their names are no address or node port; delete them',
  )
}

async function reportClaims(ctx: ReconcileContext, pools: ServicePools, key: ObjectRef): Promise<void> {
  const wrong = claimsOf(ctx.client, pools, key).filter(claim => !isAddress(claim))
  if (wrong.length === 0 || ctx.client.get(Service, key) === undefined)
    return withdrawAllocation(ctx, key, CLAIM_CONDITION)
  const message =
    'must be an address as the pool writes it; delete the claim and name the address in spec.clusterIPs'
  const problems = wrong.map(({ metadata: { name } }) => ({ field: 'metadata.name', value: name, message }))
  await reportAllocation(ctx, key, CLAIM_CONDITION, new InvalidError('AddressClaim', problems))
}

/** The claims of addresses of the pools that the service of the key owns. */
function claimsOf(reader: Reader, pools: ServicePools, key: ObjectRef): readonly AddressClaim[] {
  const index = { name: 'owner', value: `${Service.kind}/${key.namespace}/${key.name}` }
  return reader.list(AddressClaim, { index }).items.filter(({ spec }) => pools.names.has(spec.pool))
}

function refOf({ spec: { owner } }: Pick<AddressClaim, 'spec'>): ObjectRef {
  return owner.namespace === undefined
    ? { name: owner.name }
    : { namespace: owner.namespace, name: owner.name }
}

function heldAddress(claim: AddressClaim): { address: string; owner: string; releasedAtMs?: number } {
  const { releasedTime, owner } = claim.spec
  const held = { address: claim.metadata.name, owner: ownerKey(refOf(claim), owner.uid) }
  return releasedTime === undefined ? held : { ...held, releasedAtMs: parseTime(releasedTime) }
}

function ownerKey(ref: ObjectRef, uid: string): string {
  return `${ref.namespace}/${ref.name} ${uid}`
}

/** What becomes of the claims under a service's key. */
interface ReleasePlan {
  readonly letGo: readonly AddressClaim[]
  readonly remove: readonly AddressClaim[]
  /** When the next one is to be removed. */
  readonly nextAtMs: number
}

/**
 * Lets go of the claims that the service of the key, if there is one, has no right to, takes the addresses of one that
 * wants none, and removes claims whose quarantine is over. What the service wants is read in the transaction: it may
 * have changed its mode back. Returns in how many ms the next one is over.
 */
async function release(
  { client, env }: ReconcileContext,
  pools: ServicePools,
  key: ObjectRef,
): Promise<number> {
  const nowMs = env.clock.now()
  const plan = planRelease(client, pools, { key, nowMs })
  let { nextAtMs } = plan
  if (plan.letGo.length + plan.remove.length > 0 || isHolder(client.get(Service, key))) {
    const done = await client.transact(tx => {
      const now = planRelease(tx, pools, { key, nowMs })
      for (const { metadata } of now.remove) tx.delete(AddressClaim, { name: metadata.name })
      for (const { metadata } of now.letGo)
        tx.modify(AddressClaim, { name: metadata.name }, draft => {
          draft.spec.releasedTime = formatTime(nowMs)
        })
      if (isHolder(tx.get(Service, key))) tx.modify(Service, key, draft => void delete draft.spec.clusterIPs)
      return now
    })
    // One that holds nothing lets nothing go: its name may be that of an address in another spelling.
    for (const { metadata, spec } of [...done.letGo, ...done.remove].filter(isAddress))
      pools.named(spec.pool)?.release(metadata.name, nowMs)
    for (const { spec } of done.letGo) nextAtMs = Math.min(nextAtMs, nowMs + pools.quarantineMs(spec.pool))
  }
  return Math.max(0, nextAtMs - nowMs)
}

function planRelease(
  reader: Reader,
  pools: ServicePools,
  { key, nowMs }: { readonly key: ObjectRef; readonly nowMs: number },
): ReleasePlan {
  const service = reader.get(Service, key)
  const wanted = wantsAddress(service) ? (service.spec.clusterIPs ?? []) : []
  const kept = new Set(wanted.map(address => canonicalIp(address) ?? address))
  const letGo: AddressClaim[] = []
  const remove: AddressClaim[] = []
  let nextAtMs = Number.POSITIVE_INFINITY
  for (const claim of claimsOf(reader, pools, key)) {
    const { spec, metadata } = claim
    const isOurs = spec.owner.uid === service?.metadata.uid && kept.has(metadata.name)
    if (isOurs) continue
    const quarantineMs = pools.quarantineMs(spec.pool)
    const endMs =
      spec.releasedTime === undefined ? nowMs + quarantineMs : parseTime(spec.releasedTime) + quarantineMs
    if (endMs <= nowMs) remove.push(claim)
    else if (spec.releasedTime === undefined) letGo.push(claim)
    else nextAtMs = Math.min(nextAtMs, endMs)
  }
  return { letGo, remove, nextAtMs }
}

function wantsAddress(service: Service | undefined): service is Service {
  return service !== undefined && isVip(service) && service.metadata.deletionTimestamp === undefined
}

function isVip({ spec }: Service): boolean {
  return (spec.mode ?? 'vip') === 'vip'
}

/** A service that changed its mode keeps no addresses. */
function isHolder(service: Service | undefined): boolean {
  return service !== undefined && !isVip(service) && service.spec.clusterIPs !== undefined
}

interface Held {
  readonly address: string
  readonly pool: AddressPool
}

/** Claims what the service names and what it lacks, all of it or nothing. */
async function hold({ client, env }: ReconcileContext, pools: ServicePools, service: Service): Promise<void> {
  const ref = keyOf(service)
  const { uid } = service.metadata
  const owner = ownerKey(ref, uid)
  const nowMs = env.clock.now()
  const { given, missing } = pools.wanted(service)
  const isHeld = ({ address }: Held): boolean => {
    const spec = client.get(AddressClaim, { name: address })?.spec
    return spec?.owner.uid === uid && spec.releasedTime === undefined
  }
  const unclaimed = given.filter(held => !isHeld(held))
  if (unclaimed.length + missing.length === 0) return
  const taken: Held[] = []
  try {
    for (const held of unclaimed) {
      held.pool.claim(held.address, owner, nowMs)
      taken.push(held)
    }
    const addresses = allocateFamilies(missing, owner, nowMs)
    for (const [i, { pool }] of missing.entries()) taken.push({ address: addresses[i] ?? '', pool })
    await client.transact(tx => {
      const current = tx.get(Service, ref)
      if (!wantsAddress(current) || current.metadata.uid !== uid) return
      if (JSON.stringify(current.spec.clusterIPs ?? []) !== JSON.stringify(service.spec.clusterIPs ?? []))
        return
      for (const held of taken) writeClaim(tx, held, service)
      if (missing.length === 0) return
      tx.modify(Service, ref, draft => {
        draft.spec.clusterIPs = [...given, ...taken.slice(unclaimed.length)].map(({ address }) => address)
      })
    })
  } finally {
    // The claims are the truth; without one the address was not taken after all.
    for (const held of taken) if (!isHeld(held)) held.pool.cancel(held.address)
  }
}

/** A claim that was let go may be left of before: of the service itself, or with its quarantine over. */
function writeClaim(tx: Transaction, { address, pool }: Held, service: Service): void {
  const { namespace, name, uid } = service.metadata
  const owner = { kind: Service.kind, ...(namespace === undefined ? {} : { namespace }), name, uid }
  const before = tx.get(AddressClaim, { name: address })
  if (before === undefined)
    tx.create(AddressClaim, { metadata: { name: address }, spec: { pool: pool.name, owner } })
  else if (before.spec.owner.uid !== uid && before.spec.releasedTime === undefined)
    throw new AddressTakenError(
      pool.name,
      address,
      `${before.spec.owner.namespace}/${before.spec.owner.name}`,
    )
  else
    tx.modify(AddressClaim, { name: address }, draft => {
      draft.spec = { pool: pool.name, owner }
    })
}

function keyOf(service: Service): ObjectRef {
  const { namespace, name } = service.metadata
  return namespace === undefined ? { name } : { namespace, name }
}
