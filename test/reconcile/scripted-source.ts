import type { ObjectSource } from '../../src/reconcile/index.js'
import type { Listed } from '../../src/reconcile/sources/object-source.js'
import type { ObservableLike } from '../../src/reconcile/sources/stream.js'
import type { StoredObject, WatchBatch } from '../../src/store/index.js'
import { ExpiredError } from '../../src/store/internal.js'

type Batch = WatchBatch<StoredObject>
type Observer = Parameters<ObservableLike<Batch>['subscribe']>[0]

/** A source written down by hand: a list of batches, and a connection that a test can ill-treat. */
export class ScriptedSource implements ObjectSource {
  readonly objects: Map<string, StoredObject> = new Map()
  revision = 1
  opened = 0
  /** What `open` was asked to resume after, each time. */
  readonly asked: (number | undefined)[] = []
  #history: Batch[] = []
  #observer: Observer | undefined
  /** Batches written while nobody listened are told at the next opening only. */
  #compactedTo = 0

  /** Creates, changes or (undefined) deletes `name`, and tells it unless `silent`. */
  write(name: string, size: number | undefined, { silent = false }: { silent?: boolean } = {}): void {
    const before = this.objects.get(name)
    if (before === undefined && size === undefined) return
    this.revision++
    const uid = before?.metadata.uid ?? `uid-${this.revision}`
    const object = objectOf(name, { uid, revision: this.revision, size: size ?? 0 })
    if (size === undefined) this.objects.delete(name)
    else this.objects.set(name, object)
    const type = size === undefined ? 'DELETED' : before === undefined ? 'ADDED' : 'MODIFIED'
    const batch = { revision: this.revision, events: [{ type, object, patch: undefined }] } as const
    this.#history.push(batch)
    if (!silent) this.say(batch)
  }

  say(value: unknown): void {
    this.#observer?.next(value as Batch)
  }

  /** Says again what was said `back` batches before the last. */
  repeat(back: number): void {
    const batch = this.#history.at(-1 - back)
    if (batch !== undefined) this.say(batch)
  }

  /** Cuts the connection; `compact` forgets the history, so that it cannot be resumed. */
  cut({ compact = false, error }: { compact?: boolean; error?: unknown } = {}): void {
    if (compact) this.#compactedTo = this.revision
    const observer = this.#observer
    this.#observer = undefined
    if (error === undefined) observer?.complete()
    else observer?.error(error)
  }

  /** As a backup that is put back: other objects, at an older revision. */
  restore(revision: number, sizes: Readonly<Record<string, number>>): void {
    this.revision = revision
    this.#compactedTo = revision
    this.#history = []
    this.objects.clear()
    for (const [name, size] of Object.entries(sizes))
      this.objects.set(name, objectOf(name, { uid: `old-${name}`, revision, size }))
  }

  open(since: number | undefined): ObservableLike<Batch> {
    this.opened++
    this.asked.push(since)
    return {
      subscribe: (observer: Observer) => {
        if (since !== undefined && (since < this.#compactedTo || since > this.revision)) {
          observer.error(new ExpiredError(since, this.#compactedTo))
          return { unsubscribe: () => {} }
        }
        this.#observer = observer
        if (since === undefined) {
          const events = [...this.objects.values()].map(object => ({ type: 'ADDED', object }))
          this.say({ revision: this.revision, events, initialEventsEnd: true })
        } else for (const batch of this.#history) if (batch.revision > since) this.say(batch)
        return {
          unsubscribe: () => {
            if (this.#observer === observer) this.#observer = undefined
          },
        }
      },
    }
  }

  list(): Listed {
    return { revision: this.revision, items: [...this.objects.values()] }
  }
}

function objectOf(
  name: string,
  { uid, revision, size }: { uid: string; revision: number; size: number },
): StoredObject {
  return {
    apiVersion: 'example/v1',
    kind: 'Widget',
    metadata: {
      name,
      namespace: 'default',
      uid,
      resourceVersion: String(revision),
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
      labels: {},
      annotations: {},
      ownerReferences: [],
      finalizers: [],
    },
    spec: { size },
  }
}
