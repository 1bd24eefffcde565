import Database from 'better-sqlite3'
import type { OpenDurablePeer } from './peer.js'

/** A write-ahead log with a sync for each transaction; each write is one. It is synchronous, so writers take turns. */
export const open: OpenDurablePeer = async dir => {
  const database = new Database(`${dir}/store.db`)
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.exec('CREATE TABLE objects (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID')
  const put = database.prepare(
    'INSERT INTO objects VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  return { put: (key, value) => put.run(key, value) }
}
