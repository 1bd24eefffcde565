import { describe, expect, test } from 'vitest'
import type { Random } from '../../../src/core/index.js'
import { createSeededRandom, isKeelsonError } from '../../../src/core/index.js'
import type { Store, StoredObject } from '../../../src/store/index.js'
import { segmentName } from '../../../src/store/node/directory.js'
import type { OpenStoreOptions } from '../../../src/store/node/index.js'
import { openStoreOn } from '../../../src/store/node/open-store.js'
import { kindOf } from '../../fixtures/kinds.js'
import type { FaultyDisk } from './faulty-disk.js'
import { diskOf } from './faulty-disk.js'

const Widget = kindOf('Widget', { statusSubresource: true })
const Gadget = kindOf('Gadget')
const kinds = [Widget, Gadget]
const TTL_MS = 1e9
const SMALL = { kinds, segmentBytes: 4_096 }

/** Everything that a store tells of a revision. */
function stateAt(store: Store, revision: number): object {
  const snapshot = store.snapshot(revision)
  try {
    return kinds.map(kind => snapshot.list(kind).items)
  } finally {
    snapshot.close()
  }
}

/** The oldest revision that a watch can begin after. */
function oldestOf(store: Store): number {
  try {
    store.watch(Widget, { since: 0 }).close()
    return 0
  } catch (error) {
    if (!isKeelsonError(error, 'Expired')) throw error
    return error.details.oldestAvailable
  }
}

/** What is told of the revisions after `from`. */
function historyOf(store: Store, from: number, upTo: number): object {
  return kinds.map(kind =>
    ['a', 'b', 'c', 'd'].map(name =>
      store
        .history(kind, { namespace: 'default', name })
        .filter(({ revision }) => revision > from && revision <= upTo),
    ),
  )
}

/**
 * One write out of all kinds of writes; one that cannot be is refused and changes nothing. Resolves with a revision that is
 * acknowledged with it.
 */
async function writeSomething(store: Store, random: Random): Promise<number> {
  const pick = <T>(...from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T
  const kind = pick(Widget, Gadget)
  const ref = { namespace: 'default', name: pick('a', 'b', 'c', 'd') }
  const spec = { size: Math.floor(random.next() * 5), text: 'x'.repeat(Math.floor(random.next() * 900)) }
  const cause = { actor: pick('one', 'other') }
  const write = (): Promise<StoredObject> => {
    switch (pick('create', 'modify', 'modifyStatus', 'delete', 'transact')) {
      case 'create':
        return pick(true, false)
          ? store.create(kind, { metadata: ref, spec }, cause)
          : store.create(kind, { metadata: ref, spec: { ...spec, ttlMs: TTL_MS } }, { ttlMs: TTL_MS })
      case 'modify':
        return store.modify(kind, ref, draft => void Object.assign(draft.spec as object, spec), cause)
      case 'modifyStatus':
        return store.modifyStatus(Widget, ref, draft => void (draft.status = spec))
      case 'delete':
        return store.delete(kind, ref)
      default:
        return store.transact(
          tx =>
            kinds.map(one =>
              tx.get(one, ref) === undefined
                ? tx.create(one, { metadata: ref, spec })
                : tx.modify(one, ref, draft => void Object.assign(draft.spec as object, spec)),
            )[0] as StoredObject,
          cause,
        )
    }
  }
  try {
    return Number((await write()).metadata.resourceVersion)
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^(NotFound|AlreadyExists)$/) })
    return 0
  }
}

/** An object is there with its time to live, or not at all. */
function expectTimesToLive(store: Store): void {
  for (const kind of kinds)
    for (const { metadata, spec } of store.list(kind).items)
      expect(store.lifetimes.of(kind, metadata)?.ttlMs).toBe((spec as { ttlMs?: number }).ttlMs)
}

interface Life {
  readonly store: Store
  readonly acknowledged: number
}

/** Some write at once until the disk dies; undefined when it died before they could. */
async function live(
  disk: FaultyDisk,
  random: Random,
  options: Omit<OpenStoreOptions, 'dir'>,
): Promise<Life | undefined> {
  const opening = openStoreOn(disk, options)
  const store = await Promise.race([opening, deathOf(disk)])
  if (store === undefined) return undefined
  let acknowledged = 0
  const writer = async (): Promise<void> => {
    while (!disk.dead) acknowledged = Math.max(acknowledged, await writeSomething(store, random))
  }
  for (let number = 0; number < 4; number++) void writer()
  await deathOf(disk)
  return { store, acknowledged }
}

async function deathOf(disk: FaultyDisk): Promise<undefined> {
  while (!disk.dead) await new Promise(resolve => setImmediate(resolve))
  return undefined
}

describe.each([
  ['after a kill', 'always'],
  ['after a kill', 'interval'],
  ['after a kill', 'never'],
  ['after a power cut', 'always'],
  ['after a power cut', 'interval'],
  ['after a power cut', 'never'],
] as const)('%s, with fsync %s', (how, fsync) => {
  test.each([1, 2, 3])('nothing acknowledged is lost, and nothing is there in part (%i)', async seed => {
    const random = createSeededRandom(`${how} ${fsync} ${seed}`)
    let trimmed = 0
    for (let round = 0; round < 3; round++) {
      let disk = diskOf([])
      // With the short log old files are removed; a checkpoint is written every few writes.
      const logCapacity = round === 0 ? 1_000 : 12
      const options = { ...SMALL, fsync, logCapacity, checkpointBytes: 3_000 }
      let before: Life | undefined
      for (let life = 0; life < 5; life++) {
        disk.diesAt = 1 + Math.floor(random.next() * 120)
        const lived = await live(disk, random, options)
        disk = how === 'after a kill' ? disk.afterKill() : disk.afterPowerCut(random)
        before = lived ?? before
        if (before === undefined) continue
        const { store, acknowledged } = before
        const looker = diskOf(disk.files())
        const again = await openStoreOn(looker, options)
        // A power cut takes what the policy says; what is there is a beginning of what was written in any case.
        const isSafe = how === 'after a kill' || fsync === 'always'
        if (isSafe) expect(again.revision).toBeGreaterThanOrEqual(acknowledged)
        expect(again.revision).toBeLessThanOrEqual(store.revision)
        expect(stateAt(again, again.revision)).toEqual(stateAt(store, again.revision))
        expectTimesToLive(again)
        const from = Math.max(0, store.revision - logCapacity)
        expect(historyOf(again, from, again.revision)).toEqual(historyOf(store, from, again.revision))
        expect(oldestOf(again)).toBe(Math.max(0, again.revision - options.logCapacity))
        await again.close()
        const names = [...looker.files().keys()]
        const isTrimmed =
          names.some(name => name.startsWith('checkpoint-')) && !names.includes(segmentName(1))
        if (isTrimmed) trimmed++
      }
    }
    expect(trimmed, 'some began with a checkpoint').toBeGreaterThan(0)
  })
})
