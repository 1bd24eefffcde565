import { UsageError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import type { JournalNote } from '../engine/commit-journal.js'
import { termsOf } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { mutationOf } from '../engine/mutation.js'
import type { TableEntry } from '../engine/namespace-table.js'
import { shareJson } from '../json/shared-json.js'
import type { StoredObject } from '../object/object.js'
import { plant } from '../read/fork.js'
import type { Checkpoint } from './checkpoint.js'
import type { JournalEntry, ObjectKey } from './journal-entry.js'
import { CorruptError } from './storage-errors.js'

type KeepNote = Extract<JournalNote, { readonly keep: unknown }>

/**
 * Does again what a journal tells, in order. Lifetimes begin when everything is there: each has its full time then, and none
 * ends in between.
 */
export class Replay {
  readonly #parts: StoreParts
  readonly #path: string
  /** Notes that still hold, by what they are about. */
  readonly #lifetimes = new Map<string, JournalNote>()
  readonly #kept = new Map<TableEntry, KeepNote>()
  readonly #secret = new Set<string>()
  #compacted = 0
  #newestMs = Number.NEGATIVE_INFINITY

  /** @param path of the directory, for errors */
  constructor(parts: StoreParts, path: string) {
    this.#parts = parts
    this.#path = path
  }

  /** When the newest of all entries was written. */
  get newestMs(): number {
    return this.#newestMs
  }

  /** Kinds that are known to be secret. */
  get secret(): ReadonlySet<string> {
    return this.#secret
  }

  /** @throws UsageError for a kind that the store was not given, CorruptError for a revision that does not follow */
  take({ revision, timeMs, cause, changes = [], notes = [] }: JournalEntry, number: number): void {
    const { engine } = this.#parts
    this.#newestMs = Math.max(this.#newestMs, timeMs)
    if (revision !== undefined) {
      if (revision !== engine.revision + 1)
        throw new CorruptError(
          this.#path,
          `entry ${number} is revision ${revision}, and ${engine.revision + 1} is the next one`,
        )
      const mutations = changes.map(change => this.#mutation(change))
      for (const mutation of mutations) this.#endLife(mutation)
      engine.replay(mutations, cause === undefined ? undefined : Object.freeze(cause))
    }
    for (const note of notes) this.#note(note)
  }

  /** What there was when the store begins. Before everything else. */
  begin({ head, versions, notes }: Checkpoint): void {
    const { engine } = this.#parts
    this.#newestMs = head.timeMs
    for (const { object: parsed, ...revisions } of versions) {
      const { apiVersion, kind, metadata } = parsed
      const { table } = this.#find([apiVersion, kind, metadata.namespace ?? null, metadata.name])
      const object = shareJson(parsed, undefined) as StoredObject
      const terms = termsOf(table.kind, object, undefined)
      const revision = Number(metadata.resourceVersion)
      const place = { name: metadata.name, space: { name: metadata.namespace ?? '' } }
      plant(table, place, { ...revisions, revision, object, terms, previous: undefined })
      engine.quotas?.addObject(table, object)
    }
    for (const note of notes) this.#note(note)
  }

  /** Everything was taken. */
  end(): void {
    const { engine, lifetimes } = this.#parts
    for (const note of this.#lifetimes.values())
      if ('grant' in note) lifetimes.grant({ id: note.grant, ttlMs: note.ttlMs })
    for (const [{ space, head }, { lifetime, ttlMs }] of this.#kept) {
      const object = head?.object
      if (object === undefined) continue
      if (lifetime !== undefined)
        lifetimes.keep({ table: space.table, object, expiry: { kind: 'lifetime', id: lifetime } })
      else if (ttlMs !== undefined)
        lifetimes.keep({ table: space.table, object, expiry: { kind: 'ttl', ttlMs } })
    }
    if (this.#compacted > engine.log.oldestStart) void engine.compactor.compact(this.#compacted)
  }

  #mutation(change: NonNullable<JournalEntry['changes']>[number]): Mutation {
    if ('removed' in change) {
      const { table, ref } = this.#find(change.removed)
      return mutationOf(table, ref, undefined, undefined)
    }
    const { apiVersion, kind, metadata } = change
    const { table, ref } = this.#find([apiVersion, kind, metadata.namespace ?? null, metadata.name])
    const head = table.find(ref.namespace, ref.name)?.head
    return mutationOf(table, ref, shareJson(change, head?.object) as StoredObject, head)
  }

  /** What kept an object does not keep the next one of that name. */
  #endLife({ table, namespace, name, after }: Mutation): void {
    const entry = table.find(namespace, name)
    if (entry !== undefined && entry.head?.object?.metadata.uid !== after?.metadata.uid)
      this.#kept.delete(entry)
  }

  #note(note: JournalNote): void {
    if ('grant' in note) this.#lifetimes.set(note.grant, note)
    else if ('end' in note) this.#lifetimes.delete(note.end)
    else if ('secret' in note) this.#secret.add(note.secret)
    else if ('compact' in note) this.#compacted = Math.max(this.#compacted, note.compact)
    else {
      const { table, ref } = this.#find(note.keep)
      const entry = table.find(ref.namespace, ref.name)
      if (entry !== undefined) this.#kept.set(entry, note)
    }
  }

  #find([apiVersion, kind, namespace, name]: ObjectKey): {
    readonly table: KindTable
    readonly ref: { readonly namespace?: string; readonly name: string }
  } {
    const table = this.#parts.engine.tables.named(apiVersion, kind)
    if (table === undefined)
      throw new UsageError(
        `${this.#path} holds objects of kind ${apiVersion}/${kind}, which kinds does not list; add the kind, so that ` +
          'its objects are kept',
        { path: this.#path, kind, apiVersion },
      )
    return { table, ref: namespace === null ? { name } : { namespace, name } }
  }
}
