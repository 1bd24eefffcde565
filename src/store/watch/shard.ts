import { UsageError } from '../../core/index.js'
import { assertKnown } from '../../core/internal.js'
import type { StoredObject } from '../object/object.js'
import { SHARD_OPTIONS } from './known-watch-options.js'
import type { WatchOptions } from './watch.js'

/**
 * Whether an object is in a share. The hash is FNV-1a with 32 bits over `namespace/name`, so the share of an object
 * never changes, and equal everywhere.
 *
 * @throws UsageError unless `of` is a whole number ≥ 1 and `index` one from 0 to `of - 1`
 */
export function shardTest(shard: NonNullable<WatchOptions['shard']>): (object: StoredObject) => boolean {
  assertKnown(shard, SHARD_OPTIONS)
  const { of, index } = shard
  if (!Number.isSafeInteger(of) || of < 1 || !Number.isSafeInteger(index) || index < 0 || index >= of) {
    throw new UsageError(
      `shard ${String(index)} of ${String(of)} is invalid; give a whole number of shards and an index below it`,
      { of, index },
    )
  }
  return ({ metadata: { namespace = '', name } }) => hash(`${namespace}/${name}`) % of === index
}

function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  return value >>> 0
}
