import { UsageError } from '../../core/index.js'
import type { StoreParts } from '../client/store-parts.js'
import type { JournalNote } from '../engine/commit-journal.js'
import { termsOf } from '../engine/index-terms.js'
import type { KindTable } from '../engine/kind-table.js'
import type { Mutation } from '../engine/mutation.js'
import { mutationOf } from '../engine/mutation.js'
import type { TableEntry } from '../engine/namespace-table.js'
import { applyJsonDelta } from '../json/json-delta.js'
import { shareJson } from '../json/shared-json.js'
import type { StoredObject } from '../object/object.js'
import { plant } from '../read/fork.js'
import type { SavedVersion } from './checkpoint.js'
import type { JournalChange, JournalEntry, ObjectKey } from './journal-entry.js'
import { keyOfChange, revisionOf } from './journal-entry.js'
import { CorruptError } from './storage-errors.js'

type KeepNote = Extract<JournalNote, { readonly keep: unknown }>

/**
 * Does again what a journal tells, in order. Lifetimes begin when everything is there: each has its full time then, and none
 * ends in between.
 */
export class Replay {
  readonly parts: StoreParts
  readonly #path: string
  /** Notes that still hold, by what they are about. */
  readonly #lifetimes = new Map<string, JournalNote>()
  readonly #kept = new Map<TableEntry, KeepNote>()
  readonly #secret = new Set<string>()
  /** The state that was read last. */
  #last: StoredObject | undefined
  #compacted = 0
  #newestMs = Number.NEGATIVE_INFINITY

  /** @param path of the directory, for errors */
  constructor(parts: StoreParts, path: string) {
    this.parts = parts
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
    const { engine } = this.parts
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

  /** Before everything else: when what there is at the beginning was written. */
  begin(timeMs: number): void {
    this.#newestMs = timeMs
  }

  /** Something that there is at the beginning. */
  plant({ object, specRevision, statusRevision, createRevision, number }: SavedVersion): void {
    const { engine } = this.parts
    const { apiVersion, kind, metadata } = object
    const { namespace = '', name } = metadata
    const table = this.#table(apiVersion, kind)
    const terms = termsOf(table.kind, object, undefined)
    const revision = revisionOf(object)
    const source = {
      revision,
      object,
      terms,
      specRevision,
      statusRevision,
      createRevision,
      number,
      previous: undefined,
    }
    plant(table, { name, space: { name: namespace } }, source)
    engine.quotas?.addObject(table, object)
  }

  /** What there is beside the objects at the beginning. */
  notes(notes: readonly JournalNote[]): void {
    for (const note of notes) this.#note(note)
  }

  /** Everything was taken. */
  end(): void {
    const { engine, lifetimes } = this.parts
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

  #mutation(change: JournalChange): Mutation {
    const { table, ref } = this.#find(keyOfChange(change))
    if ('removed' in change) return mutationOf(table, ref, undefined, undefined)
    const head = table.find(ref.namespace, ref.name)?.head
    const object = this.#stateOf(change, head?.object)
    this.#last = object
    return mutationOf(table, ref, object, head)
  }

  #stateOf(
    change: Exclude<JournalChange, { removed: ObjectKey }>,
    before: StoredObject | undefined,
  ): StoredObject {
    // Neighbours are often alike. What they share is kept once, and what was parsed of it goes at once.
    if (!('changed' in change))
      return shareJson(change, before ?? this.#neighbour(change.kind)) as StoredObject
    const { changed, from, delta } = change
    if (before !== undefined && revisionOf(before) === from)
      return applyJsonDelta(before, delta) as StoredObject
    const found = before === undefined ? 'is not there' : `is of revision ${revisionOf(before)}`
    throw new CorruptError(
      this.#path,
      `${changed.join(' ')} ${found}, and revision ${from} of it was changed`,
    )
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
    return { table: this.#table(apiVersion, kind), ref: namespace === null ? { name } : { namespace, name } }
  }

  /** The state that was read before, if it is of that kind. */
  #neighbour(kind: string): StoredObject | undefined {
    return this.#last?.kind === kind ? this.#last : undefined
  }

  #table(apiVersion: string, kind: string): KindTable {
    const table = this.parts.engine.tables.named(apiVersion, kind)
    if (table !== undefined) return table
    throw new UsageError(
      `${this.#path} holds objects of kind ${apiVersion}/${kind}, which kinds does not list; add the kind, so that ` +
        'its objects are kept',
      { path: this.#path, kind, apiVersion },
    )
  }
}
