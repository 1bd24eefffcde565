import type { StoredObject } from '../object/object.js'
import type { TransactResult } from '../transaction/transaction.js'
import type { ObjectWrite } from '../write/object-write.js'
import type { OptimisticWrite, TransactWrite } from './client-write.js'
import type { Writer } from './writer.js'

/**
 * The verbs of a writer, each as data for one function. They are members of their own, so that they may be taken out
 * of the writer.
 */
export abstract class WriterVerbs implements Writer {
  readonly create: Writer['create'] = (kind, object, options = {}) =>
    this.write({ verb: 'create', kind, object, options })

  readonly update: Writer['update'] = (kind, object, options = {}) =>
    this.write({ verb: 'update', kind, object, options })

  readonly updateStatus: Writer['updateStatus'] = (kind, object, options = {}) =>
    this.write({ verb: 'updateStatus', kind, object, options })

  readonly modify: Writer['modify'] = (kind, ref, recipe, options = {}) =>
    this.write({ verb: 'modify', kind, ref, recipe, options })

  readonly modifyStatus: Writer['modifyStatus'] = (kind, ref, recipe, options = {}) =>
    this.write({ verb: 'modifyStatus', kind, ref, recipe, options })

  readonly patch: Writer['patch'] = (kind, ref, patch, options) =>
    // A copy, and none without types either: that it has no `type` is said where it is performed.
    this.write({ verb: 'patch', kind, ref, patch, options: { ...options } })

  readonly delete: Writer['delete'] = (kind, ref, options = {}) =>
    this.write({ verb: 'delete', kind, ref, options })

  readonly transact: Writer['transact'] = (body, options = {}) =>
    this.write({ verb: 'transact', body, options })

  readonly optimistic: Writer['optimistic'] = (body, options = {}) =>
    this.write({ verb: 'optimistic', body, options })

  /** What the verb returns, by the write; `Promise<never>` fits every one. */
  protected abstract write<Spec, Status>(
    write: ObjectWrite<Spec, Status>,
  ): Promise<StoredObject<Spec, Status>>
  protected abstract write<T, Dry extends boolean>(
    write: TransactWrite<T, Dry>,
  ): Promise<TransactResult<T, Dry>>
  protected abstract write<T>(write: OptimisticWrite<T>): Promise<T>
}
