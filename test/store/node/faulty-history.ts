import { expect } from 'vitest'
import type { Random } from '../../../src/core/index.js'
import { createEnv, createSeededRandom, silentLogger } from '../../../src/core/index.js'
import type { Store } from '../../../src/store/index.js'
import type { DurableStore } from '../../../src/store/node/index.js'
import type { FsyncPolicy } from '../../../src/store/node/journal.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import type { StoreCall } from '../linearizability/object-model.js'
import { Counter, HistoryRecorder } from '../linearizability/record-history.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

/** What ends a process, and what of its files the next one finds. */
export const FAULTS = [
  'kill',
  'power cut',
  'failed sync',
  'failed sync, then power cut',
  'full disk',
] as const
export type Fault = (typeof FAULTS)[number]

/** What a history has come to. */
export interface FaultyHistory {
  readonly recorder: HistoryRecorder
  /** What durable watches told, each life from where the one before was, and what the last store tells of it all. */
  readonly told: readonly string[]
  readonly expected: readonly string[]
  readonly faults: readonly Fault[]
  readonly lostCalls: number
}

const CLIENTS = 4
const CALLS = 8
const READ_ALL: StoreCall = { verb: 'read', names: ['a', 'b', 'c'] }

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/**
 * Clients of a store whose process dies some times, while the disk is slow, fails, or loses power. One that was not killed by a
 * fault before all clients are done goes on to the end.
 */
export async function faultyHistory(seed: string, fsync: FsyncPolicy): Promise<FaultyHistory> {
  const random = createSeededRandom(seed)
  const recorder = new HistoryRecorder()
  const told: string[] = []
  const faults: Fault[] = []
  let disk = diskOf([])
  const lives = 4
  for (let life = 1; life <= lives; life++) {
    // A power cut takes what was acknowledged, unless that was on the disk.
    const possible = fsync === 'always' ? FAULTS : FAULTS.filter(fault => !fault.includes('power'))
    const fault = life === lives ? undefined : possible[Math.floor(random.next() * possible.length)]
    const { hasFailed } = await live({ disk, fsync, random, recorder, told, life, fault })
    recorder.lose()
    if (hasFailed && fault !== undefined) faults.push(fault)
    disk = fault?.includes('power') === true ? disk.afterPowerCut(random) : disk.afterKill()
  }
  const last = await openStoreOn(disk, { kinds: [Counter], fsync })
  const expected: string[] = []
  tell(last, 0, expected)
  await recorder.call('last', last, READ_ALL)
  await turns(3)
  await last.close()
  const lostCalls = recorder.operations.filter(({ answer }) => answer === undefined).length
  return { recorder, told, expected, faults, lostCalls }
}

interface Living {
  readonly disk: FaultyDisk
  readonly fsync: FsyncPolicy
  readonly random: Random
  readonly recorder: HistoryRecorder
  readonly told: string[]
  readonly life: number
  readonly fault: Fault | undefined
}

/** One process, from its start to its end. */
async function live(living: Living): Promise<{ readonly hasFailed: boolean }> {
  const { disk, random, fault } = living
  const operation = 1 + Math.floor(random.next() * 40)
  if (fault === 'kill' || fault === 'power cut') disk.diesAt = disk.operations + operation
  let failed = false
  const env = createEnv({ logger: { ...silentLogger, error: () => void (failed = true) } })
  const isGone = (): boolean => failed || disk.dead
  const options = { kinds: [Counter], env, segmentBytes: 4_096, checkpointBytes: 6_000, fsyncIntervalMs: 2 }
  let ended = false
  const busy = trouble(living, operation, () => ended || isGone())
  const opening = openStoreOn(disk, { ...options, fsync: living.fsync })
  // The disk fails while the store is opened, too.
  const store = await Promise.race([opening.catch(() => void (failed = true)), gone(isGone)])
  if (typeof store === 'object') {
    tell(store, revisionOf(living.told.at(-1)), living.told)
    await Promise.race([work(living, store, isGone), gone(isGone)])
    if (!isGone()) {
      await Promise.race([store.durable().catch(() => {}), gone(isGone)])
      await turns(3)
    }
    if (!isGone()) await Promise.race([store.close().catch(() => void (failed = true)), gone(isGone)])
  }
  ended = true
  await busy
  // Nothing of this process happens any more.
  disk.diesAt = 0
  await turns(3)
  env.close()
  return { hasFailed: failed || fault === 'kill' || fault === 'power cut' }
}

/** Some write inside the call, the others in steps of their own. */
async function work({ recorder, random, life }: Living, store: DurableStore, isGone: () => boolean) {
  const pause = (): Promise<void> => turns(Math.floor(random.next() * 3))
  await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => {
      const client = index === 0 ? store : store.client(store.env.fork(`client-${index}`))
      return recorder.record(`${life}.${index}`, client, { calls: CALLS, random, pause, isGone })
    }),
  )
}

/** The disk is slow now and then, and at some time it fails. */
async function trouble({ disk, random, fault }: Living, at: number, isOver: () => boolean): Promise<void> {
  const fails =
    fault === 'full disk' ? 'write' : fault?.startsWith('failed sync') === true ? 'sync' : undefined
  const from = disk.operations
  while (!isOver()) {
    if (fails !== undefined && disk.operations >= from + at && disk.failure === undefined)
      disk.failure = { operation: fails, errno: fails === 'sync' ? 'EIO' : 'ENOSPC' }
    if (random.next() < 0.2) {
      const slow = turns(1 + Math.floor(random.next() * 6))
      disk.held = slow
      await slow
      disk.held = undefined
    }
    await turn()
  }
  disk.failure = undefined
  disk.held = undefined
}

function tell(store: Store, since: number, told: string[]): void {
  store.watch(Counter, { since, visibility: 'durable' }).on(({ revision, events }) => {
    const changes = events.map(({ type, object }) => `${type} ${object.metadata.name}=${object.spec.value}`)
    told.push(`${revision}: ${changes.join(', ')}`)
  })
}

function revisionOf(told: string | undefined): number {
  return told === undefined ? 0 : Number.parseInt(told, 10)
}

async function gone(isGone: () => boolean): Promise<undefined> {
  while (!isGone()) await turn()
  // What was answered before is heard.
  await turn()
  return undefined
}

async function turns(count: number): Promise<void> {
  for (let each = 0; each < count; each++) await turn()
}

/** Each revision once, in order, as the last store tells it; what was told last is not all that there is. */
export function expectToldOnce({ told, expected }: FaultyHistory): void {
  expect(told).toEqual(expected.slice(0, told.length))
  expect(told.map(revisionOf)).toEqual(told.map((_, index) => index + 1))
}
