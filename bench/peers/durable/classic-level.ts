import { ClassicLevel } from 'classic-level'
import type { OpenDurablePeer } from './peer.js'

/** LevelDB, with a sync for each write; writers that wait are grouped. */
export const open: OpenDurablePeer = async dir => {
  const database = new ClassicLevel<string, string>(`${dir}/store`)
  await database.open()
  return { put: (key, value) => database.put(key, value, { sync: true }) }
}
