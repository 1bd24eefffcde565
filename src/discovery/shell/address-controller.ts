import { AddressClaim, findCondition, Service } from '../../api/index.js'
import type { KeelsonError } from '../../core/index.js'
import { formatTime, InvalidError, isKeelsonError, parseTime, setCondition } from '../../core/index.js'
import { assertKnown, canonicalIp, knownOptions } from '../../core/internal.js'
import type { Controller, ReconcileContext, Result } from '../../reconcile/index.js'
import { createController, requeueAfter } from '../../reconcile/index.js'
import type { ObjectRef, Reader } from '../../store/index.js'
import { AddressTakenError } from '../addresses/address-errors.js'
import type { AddressPool } from '../addresses/address-pool.js'
import { allocateFamilies } from '../addresses/allocate-families.js'
import type { ServiceAddressPool, ServicePools } from './service-pools.js'
import { createServicePools } from './service-pools.js'

/** Which addresses are given to services. */
export interface AddressControllerOptions {
  /** A service that names no pool gets its addresses from the first that has the family. At least one. */
  readonly pools: readonly ServiceAddressPool[]
}

/** How long a service without an address waits before it tries again. */
const RETRY_MS = 5000
/** The condition of services that want an address. */
const CONDITION_TYPE = 'AddressAllocated'
const REASONS: Readonly<Record<string, string>> = {
  PoolExhausted: 'PoolExhausted',
  AlreadyExists: 'AddressTaken',
  OutOfRange: 'AddressOutOfRange',
  NotFound: 'NoPool',
}

const ADDRESS_CONTROLLER_OPTIONS = /* @__PURE__ */ knownOptions<AddressControllerOptions>(
  'createAddressController',
  { pools: true },
)

/**
 * Gives each Service of mode `vip` virtual addresses, one of each of its families or none, and takes them back when the
 * service is gone or changes its mode. An address is held by an AddressClaim object of its name, written in one
 * transaction with `spec.clusterIPs`: two services can never hold one address, and none is lost half-way. A claim outlives
 * its use by the quarantine of its pool, so that no restart hands an address out too early. The pools in memory are
 * caches of the claims. When an address cannot be had, the service's condition `AddressAllocated` says why.
 *
 * @throws InvalidError for no pool, two of one name, or one that cannot be made
 */
export function createAddressController(options: AddressControllerOptions): Controller {
  assertKnown(options, ADDRESS_CONTROLLER_OPTIONS)
  const { pools: given } = options
  assertPools(given)
  const pools = createServicePools(given)
  let filled = false
  const refill = (reader: Reader, nowMs: number): void => {
    const claims = reader.list(AddressClaim).items
    for (const pool of pools.all) {
      const own = claims.filter(({ spec }) => spec.pool === pool.name)
      pool.rebuild(own.map(heldAddress), nowMs)
    }
    filled = true
  }
  return createController({
    name: 'addresses',
    for: Service,
    watches: [
      { kind: AddressClaim, map: claim => (claim.spec.owner.kind === Service.kind ? [refOf(claim)] : []) },
    ],
    reconcile: async (key, service, ctx) => {
      const { client, env } = ctx
      if (!filled) refill(client, env.clock.now())
      const again = await release(ctx, pools, key)
      if (!wantsAddress(service)) {
        await withdraw(ctx, service)
        return again
      }
      try {
        await hold(ctx, pools, service)
      } catch (error) {
        if (!isKeelsonError(error, 'PoolExhausted', 'AlreadyExists', 'OutOfRange', 'NotFound')) throw error
        refill(client, env.clock.now())
        await report(ctx, service, error)
        return requeueAfter(RETRY_MS)
      }
      await report(ctx, service, undefined)
      return again
    },
  })
}

function assertPools(pools: readonly ServiceAddressPool[]): void {
  const names = pools.map(({ name }) => name)
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  if (pools.length > 0 && twice === undefined) return
  const message =
    pools.length === 0 ? 'must hold at least one pool' : `must have different names, not ${twice} twice`
  throw new InvalidError('address controller', [{ field: 'pools', value: names, message }])
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
 * have changed its mode back.
 */
async function release(
  { client, env }: ReconcileContext,
  pools: ServicePools,
  key: ObjectRef,
): Promise<Result | undefined> {
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
    for (const { metadata, spec } of [...done.letGo, ...done.remove])
      pools.named(spec.pool)?.release(metadata.name, nowMs)
    for (const { spec } of done.letGo) nextAtMs = Math.min(nextAtMs, nowMs + pools.quarantineMs(spec.pool))
  }
  return Number.isFinite(nextAtMs) ? requeueAfter(Math.max(0, nextAtMs - nowMs)) : undefined
}

function planRelease(
  reader: Reader,
  pools: ServicePools,
  { key, nowMs }: { readonly key: ObjectRef; readonly nowMs: number },
): ReleasePlan {
  const service = reader.get(Service, key)
  const wanted = wantsAddress(service) ? (service.spec.clusterIPs ?? []) : []
  const kept = new Set(wanted.map(address => canonicalIp(address) ?? address))
  const index = { name: 'owner', value: `${Service.kind}/${key.namespace}/${key.name}` }
  const letGo: AddressClaim[] = []
  const remove: AddressClaim[] = []
  let nextAtMs = Number.POSITIVE_INFINITY
  for (const claim of reader.list(AddressClaim, { index }).items) {
    const { spec, metadata } = claim
    if (!pools.names.has(spec.pool)) continue
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

type Transaction = Parameters<Parameters<ReconcileContext['client']['transact']>[0]>[0]

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

async function report(
  { client, env }: ReconcileContext,
  service: Service,
  error: KeelsonError | undefined,
): Promise<void> {
  const key = keyOf(service)
  const before = client.get(Service, key)?.status?.conditions
  const verdict =
    error === undefined
      ? { status: 'True' as const, reason: 'Allocated', message: 'every address is claimed' }
      : { status: 'False' as const, reason: REASONS[error.code] ?? error.code, message: error.message }
  const after = setCondition(before, { type: CONDITION_TYPE, ...verdict }, formatTime(env.clock.now()))
  if (after === before) return
  await client.modifyStatus(Service, key, draft => {
    draft.status = { ...draft.status, conditions: after.map(condition => ({ ...condition })) }
  })
}

/** A service that wants no address has no word about one. */
async function withdraw({ client }: ReconcileContext, service: Service | undefined): Promise<void> {
  if (service === undefined || service.metadata.deletionTimestamp !== undefined) return
  if (findCondition(service.status?.conditions, CONDITION_TYPE) === undefined) return
  await client.modifyStatus(Service, keyOf(service), draft => {
    const conditions = (draft.status?.conditions ?? []).filter(({ type }) => type !== CONDITION_TYPE)
    draft.status = { ...draft.status, conditions }
  })
}

function keyOf(service: Service): ObjectRef {
  const { namespace, name } = service.metadata
  return namespace === undefined ? { name } : { namespace, name }
}
