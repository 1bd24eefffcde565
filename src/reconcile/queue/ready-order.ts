import type { KeyRecord } from './key-table.js'

/** The order in which ready keys are handed out. */
export interface ReadyOrder<K> {
  readonly length: number
  /** Puts a record in at its priority. */
  push(record: KeyRecord<K>, nowMs: number): void
  /** Moves a record that is in to where its raised priority would put it now, if that is earlier. */
  raise(record: KeyRecord<K>, nowMs: number): void
  /** Takes the first record out. */
  shift(): KeyRecord<K> | undefined
  /** Takes out a record that is in. */
  remove(record: KeyRecord<K>): void
  /** The records in the order in which `shift` would give them. */
  inOrder(): readonly KeyRecord<K>[]
}
