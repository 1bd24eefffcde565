import type { Cancel, Env } from '../../../src/core/index.js'
import { KeelsonError } from '../../../src/core/index.js'
import type { StoredObject } from '../../../src/store/index.js'
import type {
  RemoteChange,
  RemoteList,
  RemoteRevision,
  ReplicaSink,
  ReplicaSource,
} from '../../../src/store/replica/replica-source.js'

/** A store elsewhere, in the plainest form: a list of revisions. It answers in steps, and its wire can be cut. */
export class RemoteStore implements ReplicaSource {
  revision: number = 7
  readonly revisions: RemoteRevision[] = []
  readonly objects: Map<string, StoredObject> = new Map()
  /** Watches from before this revision are `Expired`. */
  compacted: number = 7
  lists: number = 0
  /** Why lists fail; undefined: they do not. */
  refusal: Error | undefined
  readonly #env: Env
  #pipes: { told: number; open: boolean; readonly sink: ReplicaSink }[] = []

  constructor(env: Env) {
    this.#env = env
  }

  /** One revision, after so many that were about something else. */
  write(others: number, changes: readonly RemoteChange[]): void {
    this.revision += others + 1
    const stamped = changes.map(change => {
      if ('removed' in change) return change
      const { metadata } = change.object
      return {
        object: { ...change.object, metadata: { ...metadata, resourceVersion: String(this.revision) } },
      }
    })
    for (const change of stamped) {
      if ('object' in change) this.objects.set(keyOf(change.object.metadata), change.object)
      else this.objects.delete(keyOf(change.removed))
    }
    this.revisions.push({ revision: this.revision, changes: stamped })
    for (const pipe of this.#pipes) this.#pump(pipe)
  }

  cut(): void {
    const pipes = this.#pipes
    this.#pipes = []
    for (const pipe of pipes) {
      pipe.open = false
      this.#env.tasks.defer(() => pipe.sink.ended(new Error('cut')), { kind: 'call', label: 'cut' })
    }
  }

  list(): Promise<RemoteList> {
    this.lists++
    if (this.refusal !== undefined) return Promise.reject(this.refusal)
    const objects = [...this.objects.values()].map(object => structuredClone(object))
    return Promise.resolve({ revision: this.revision, objects })
  }

  watch(since: number, sink: ReplicaSink): Cancel {
    const pipe = { told: since, open: true, sink }
    this.#pipes.push(pipe)
    this.#pump(pipe)
    return () => {
      pipe.open = false
      this.#pipes = this.#pipes.filter(other => other !== pipe)
    }
  }

  #pump(pipe: { told: number; open: boolean; readonly sink: ReplicaSink }): void {
    const step = (): void => {
      if (!pipe.open) return
      if (pipe.told < this.compacted) {
        pipe.open = false
        const details = { revision: pipe.told, oldestAvailable: this.compacted }
        pipe.sink.ended(new KeelsonError({ code: 'Expired', message: 'compacted', details }))
        return
      }
      pipe.sink.alive()
      for (const each of this.revisions) {
        if (each.revision <= pipe.told) continue
        pipe.told = each.revision
        pipe.sink.told(structuredClone(each))
      }
    }
    this.#env.tasks.defer(step, { kind: 'call', label: 'tell' })
  }
}

export function keyOf({ namespace = '', name }: { namespace?: string; name: string }): string {
  return `${namespace}/${name}`
}
