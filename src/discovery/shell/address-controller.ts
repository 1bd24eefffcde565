import { AddressClaim, Service } from '../../api/index.js'
import { formatTime, isKeelsonError, setCondition } from '../../core/index.js'
import { canonicalIp } from '../../core/internal.js'
import type { Controller, ReconcileContext, Result } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { Client, ObjectRef, Reader } from '../../store/index.js'
import type { AddressPool, AddressPoolOptions } from '../addresses/address-pool.js'
import { createAddressPool } from '../addresses/address-pool.js'

/** Which addresses are given to services. */
export interface AddressControllerOptions extends Omit<AddressPoolOptions, 'name'> {
  /** Name of the pool, kept in each claim. */
  readonly pool: string
}

/** How long a service without an address waits before it tries again. */
const RETRY_MS = 5000
/** The condition of services that want an address. */
const CONDITION_TYPE = 'AddressAllocated'

/**
 * Gives each Service of mode `vip` a virtual address, and takes it back when the service is gone or changes its
 * mode. An address is held by an AddressClaim object of its name, written in one transaction with
 * `spec.clusterIPs`: two services can never hold one address, and none is lost half-way. The pool in memory is
 * a cache of the claims. When none is free, the service's condition `AddressAllocated` says so.
 */
export function createAddressController(options: AddressControllerOptions): Controller {
  const pool = createAddressPool({ ...options, name: options.pool })
  let filled = false
  const refill = (reader: Reader, nowMs: number): void => {
    const claims = reader.list(AddressClaim).items
    pool.rebuild(
      claims.map(claim => ({ address: claim.metadata.name, owner: ownerOf(claim) })),
      nowMs,
    )
    filled = true
  }
  return createController({
    name: `addresses-${options.pool}`,
    for: Service,
    watches: [
      { kind: AddressClaim, map: claim => (claim.spec.owner.kind === Service.kind ? [refOf(claim)] : []) },
    ],
    reconcile: async (key, service, ctx) => {
      const { client, env } = ctx
      if (!filled) refill(client, env.clock.now())
      await release({ client, pool, options, key, nowMs: env.clock.now() })
      if (!wantsAddress(service)) return
      try {
        if ((service.spec.clusterIPs ?? []).length === 0) await allocate(ctx, pool, service)
        else await claimGiven(ctx, pool, service)
      } catch (error) {
        if (!isKeelsonError(error, 'PoolExhausted', 'AlreadyExists')) throw error
        refill(client, env.clock.now())
        return refuse(ctx, service, error)
      }
      await report(ctx, key, { status: 'True', reason: 'Allocated', message: 'every address is claimed' })
    },
  })
}

function refOf({ spec: { owner } }: Pick<AddressClaim, 'spec'>): ObjectRef {
  return owner.namespace === undefined
    ? { name: owner.name }
    : { namespace: owner.namespace, name: owner.name }
}

function ownerOf(claim: AddressClaim): string {
  return ownerKey(refOf(claim), claim.spec.owner.uid)
}

function ownerKey(ref: ObjectRef, uid: string): string {
  return `${ref.namespace}/${ref.name} ${uid}`
}

interface ReleaseContext {
  readonly client: Client
  readonly pool: AddressPool
  readonly options: AddressControllerOptions
  readonly key: ObjectRef
  readonly nowMs: number
}

/**
 * Deletes claims of the key that its service, if there is one, has no right to, and takes the addresses of one that
 * wants none. What the service wants is read in the transaction: it may have changed its mode back.
 */
async function release({ client, pool, options, key, nowMs }: ReleaseContext): Promise<void> {
  const extra = (reader: Reader): readonly AddressClaim[] => {
    const service = reader.get(Service, key)
    const wanted = wantsAddress(service) ? (service.spec.clusterIPs ?? []) : []
    const kept = new Set(wanted.map(address => canonicalIp(address) ?? address))
    const held = reader.list(AddressClaim, {
      index: { name: 'owner', value: `${Service.kind}/${key.namespace}/${key.name}` },
    })
    return held.items.filter(({ metadata, spec }) => {
      const isOurs = spec.owner.uid === service?.metadata.uid && kept.has(metadata.name)
      return spec.pool === options.pool && !isOurs
    })
  }
  if (extra(client).length === 0 && !isHolder(client.get(Service, key))) return
  const released = await client.transact(tx => {
    const claims = extra(tx)
    for (const claim of claims) tx.delete(AddressClaim, { name: claim.metadata.name })
    if (isHolder(tx.get(Service, key))) tx.modify(Service, key, draft => void delete draft.spec.clusterIPs)
    return claims.map(claim => claim.metadata.name)
  })
  for (const address of released) pool.release(address, nowMs)
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

async function allocate(
  { client, env }: ReconcileContext,
  pool: AddressPool,
  service: Service,
): Promise<void> {
  const ref = keyOf(service)
  const address = pool.allocate(ownerKey(ref, service.metadata.uid), env.clock.now())
  try {
    await client.transact(tx => {
      const current = tx.get(Service, ref)
      if (!wantsAddress(current) || current.metadata.uid !== service.metadata.uid) return
      if ((current.spec.clusterIPs ?? []).length > 0) return
      tx.create(AddressClaim, claimOf(pool, address, service))
      tx.modify(Service, ref, draft => {
        draft.spec.clusterIPs = [address]
      })
    })
  } finally {
    // The claim is the truth; without one the address was not given after all.
    if (client.get(AddressClaim, { name: address })?.spec.owner.uid !== service.metadata.uid)
      pool.release(address, env.clock.now())
  }
}

/** Claims the addresses that were written into the service; those of other pools are left alone. */
async function claimGiven(
  { client, env }: ReconcileContext,
  pool: AddressPool,
  service: Service,
): Promise<void> {
  const owner = ownerKey(keyOf(service), service.metadata.uid)
  for (const given of service.spec.clusterIPs ?? []) {
    const address = canonicalIp(given) ?? given
    const held = client.get(AddressClaim, { name: address })
    if (held?.spec.owner.uid === service.metadata.uid) continue
    try {
      pool.claim(address, owner, env.clock.now())
    } catch (error) {
      if (isKeelsonError(error, 'OutOfRange')) continue
      throw error
    }
    await client.create(AddressClaim, claimOf(pool, address, service))
  }
}

function claimOf(
  pool: AddressPool,
  address: string,
  service: Service,
): { metadata: { name: string }; spec: AddressClaim['spec'] } {
  const { namespace, name, uid } = service.metadata
  const owner = { kind: Service.kind, ...(namespace === undefined ? {} : { namespace }), name, uid }
  return { metadata: { name: address }, spec: { pool: pool.name, owner } }
}

async function refuse(ctx: ReconcileContext, service: Service, error: Error): Promise<Result> {
  const reason = isKeelsonError(error, 'PoolExhausted') ? 'PoolExhausted' : 'AddressTaken'
  await report(ctx, keyOf(service), { status: 'False', reason, message: error.message })
  return requeueAfter(RETRY_MS)
}

interface Verdict {
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
}

async function report({ client, env }: ReconcileContext, key: ObjectRef, verdict: Verdict): Promise<void> {
  const before = client.get(Service, key)?.status?.conditions
  const after = setCondition(before, { type: CONDITION_TYPE, ...verdict }, formatTime(env.clock.now()))
  if (after === before) return
  await client.modifyStatus(Service, key, draft => {
    draft.status = { ...draft.status, conditions: after.map(condition => ({ ...condition })) }
  })
}

function keyOf(service: Service): ObjectRef {
  const { namespace, name } = service.metadata
  return namespace === undefined ? { name } : { namespace, name }
}
