import type { DurableLog } from './durable-log.js'
import type { LogRecord } from './revision-log.js'

/** A change of what is beside the objects. */
export type JournalNote =
  /** A lifetime was granted. */
  | { readonly grant: string; readonly ttlMs: number }
  /** A lifetime is over. */
  | { readonly end: string }
  /** The object of that key is kept by a lifetime, for a time of its own, or by neither. */
  | {
      readonly keep: readonly [apiVersion: string, kind: string, namespace: string | null, name: string]
      readonly lifetime?: string
      readonly ttlMs?: number
    }
  /** The kind, as `apiVersion/kind`, is secret for those who do not know it. */
  | { readonly secret: string }
  /** What was before that revision is forgotten. */
  | { readonly compact: number }

/** Keeps what an engine commits: the one port between a store and a disk. */
export interface CommitJournal {
  /** Undefined when nothing is known of what is on the disk. */
  readonly durable: DurableLog | undefined
  /** Takes over a revision, inside its commit. It must not fail. */
  append(record: LogRecord): void
  /** Takes over a note; one that follows a commit in the same call is kept with it, or lost with it. */
  note(note: JournalNote): void
  /** Resolves when all that was appended is as safe as was promised; undefined when it is. Rejects when it never will be. */
  acknowledged(): Promise<void> | undefined
  /** Resolves when everything committed so far is on the disk, whatever was promised. */
  settled(): Promise<void>
}
