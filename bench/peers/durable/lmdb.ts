import { open as openLmdb } from 'lmdb'
import type { OpenDurablePeer } from './peer.js'

/** Writes of one turn are one transaction, which is synced. */
export const open: OpenDurablePeer = async dir => {
  const database = openLmdb<string, string>({
    path: `${dir}/store`,
    encoding: 'string',
    overlappingSync: false,
  })
  return {
    put: async (key, value) => {
      await database.put(key, value)
      await database.flushed
    },
  }
}
