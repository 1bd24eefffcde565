import type {
  Client,
  DeleteOptions,
  Kind,
  ObjectChange,
  ObjectRef,
  StoredObject,
} from '../../../store/index.js'
import { tapWrites } from '../../../store/index.js'
import { keyText, refOf } from '../../../store/internal.js'
import { facade } from '../clients/facade.js'
import { OpenWatches } from '../clients/open-watches.js'
import { keyOf } from '../objects/object-names.js'
import { isOfProcess } from '../world/action-of.js'
import type { Invariant, Monitor, Scope } from './invariant.js'
import type { StepView } from './step-view.js'

/**
 * Whatever the code under test deletes, it has seen as it is: when it asks for the deletion, every watch of its process
 * for the kind of the victim has been delivered the last creation, change of spec or deletion of the victim that
 * somebody else made, or the code has read the victim, or a list of its kind, from the store since; and the same for
 * each owner of the victim. A deletion with preconditions, or in a transaction, is justified by those.
 *
 * It is not one of the generic invariants, since it goes by what could have been known, and not by what the decision
 * was based on: code that reads one watch, and is right, is reported as long as another one is behind.
 */
export function justifiedDelete(scope: Scope = {}): Invariant {
  return { name: 'justifiedDelete', ...scope, begin: () => new DeleteMonitor() }
}

/** By key of an object, or by name of a kind: the revision at which it was last read from the store. */
type Reads = Map<string, number>

/** A client, and what was read through it and those that it was made from. */
interface Reading {
  readonly client: Client
  readonly process: string
  readonly reads: readonly Reads[]
}

class DeleteMonitor implements Monitor {
  readonly #watchesOf = new Map<string, OpenWatches>()
  /** By key, by actor: the revision of the last change that could matter to whoever deletes. */
  readonly #changed = new Map<string, Map<string, number>>()
  /** By process and key: what is wrong with a deletion that was asked for. */
  readonly #suspects = new Map<string, string>()

  readonly client: NonNullable<Monitor['client']> = (client, process) => {
    const watches = new OpenWatches()
    this.#watchesOf.set(process, watches)
    return this.#reading({ client: watches.seenThrough(client), process, reads: [new Map()] })
  }

  readonly step = ({ changes, step }: StepView): string | undefined => {
    for (const change of changes.filter(matters)) {
      const object = (change.after ?? change.before) as StoredObject
      const key = keyOf(object)
      const suspect = this.#suspects.get(`${step.actor} ${key}`)
      const isDeletion = change.after === undefined || change.after.metadata.deletionTimestamp !== undefined
      if (suspect !== undefined && isDeletion && isOfProcess(step)) return suspect
      const byActor = this.#changed.get(key) ?? new Map<string, number>()
      this.#changed.set(key, byActor.set(step.actor, step.revision ?? 0))
    }
    return undefined
  }

  #reading(reading: Reading): Client {
    const { client, process, reads } = reading
    const [own] = reads as readonly [Reads]
    const judged = tapWrites(client, (write, next) => {
      if (write.verb === 'delete') this.#judge(reading, client.get(write.kind, write.ref), write.options)
      return next(write)
    })
    return facade(judged, (member, call) => {
      if (member === 'client')
        return (...given) => {
          const made = client.client(...(given as Parameters<Client['client']>))
          return this.#reading({ client: made, process, reads: [new Map(), ...reads] })
        }
      if (member === 'get' || member === 'list' || member === 'count')
        return (kind, ref, ...more) => {
          const { kind: name } = kind as Kind
          own.set(member === 'get' ? keyText({ kind: name, ...(ref as ObjectRef) }) : name, client.revision)
          return call(kind, ref, ...more)
        }
      return undefined
    })
  }

  #judge(reading: Reading, victim: StoredObject | undefined, options: DeleteOptions): void {
    if (victim === undefined) return
    const key = keyOf(victim)
    const id = `${reading.process} ${key}`
    this.#suspects.delete(id)
    if (options.preconditions !== undefined) return
    const owners = victim.metadata.ownerReferences.map(({ kind, name }) => {
      const inside = keyText({ kind, ...refOf(victim), name })
      return this.#changed.has(inside) ? inside : keyText({ kind, name })
    })
    for (const subject of [key, ...owners]) {
      const last = this.#lastForeign(subject, reading.process)
      const seen = this.#seen(subject, reading)
      if (last > seen)
        this.#suspects.set(
          id,
          `${reading.process} deletes ${key}, and may not have seen what was done to ${subject} at revision ${last}`,
        )
    }
  }

  #lastForeign(key: string, process: string): number {
    const others = [...(this.#changed.get(key) ?? [])].filter(([actor]) => actor !== process)
    return Math.max(0, ...others.map(([, revision]) => revision))
  }

  /** The revision up to which the process knows what became of `key`. */
  #seen(key: string, { process, reads }: Reading): number {
    const kind = key.slice(0, key.indexOf('/'))
    const watches = this.#watchesOf.get(process)?.list() ?? []
    const told = watches.filter(({ kinds }) => kinds.has(kind)).map(({ watch }) => watch.revision)
    const read = reads.flatMap(known => [known.get(key) ?? 0, known.get(kind) ?? 0])
    return Math.max(told.length === 0 ? 0 : Math.min(...told), ...read)
  }
}

function matters({ before, after }: ObjectChange): boolean {
  if (before === undefined || after === undefined) return true
  const { generation, deletionTimestamp } = before.metadata
  return generation !== after.metadata.generation || deletionTimestamp !== after.metadata.deletionTimestamp
}
