import type { WriteCause } from '../object/write-cause.js'
import type { OptimisticOptions, Transaction } from '../transaction/transaction.js'
import type { CommitListener } from '../write/commit-listener.js'
import type { ObjectWrite } from '../write/object-write.js'
import type { Writer } from './writer.js'

/** A transaction as data. */
export interface TransactWrite<T = unknown, Dry extends boolean = boolean> {
  readonly verb: 'transact'
  readonly body: (tx: Transaction) => T
  readonly options: WriteCause & CommitListener & { readonly dryRun?: Dry }
}

/** An optimistic transaction as data. */
export interface OptimisticWrite<T = unknown> {
  readonly verb: 'optimistic'
  readonly body: (tx: Transaction) => T | PromiseLike<T>
  readonly options: OptimisticOptions & WriteCause & CommitListener
}

/** Everything that a client can be asked to write, as data. */
export type ClientWrite = ObjectWrite | TransactWrite | OptimisticWrite

/** The write, of which `committed` hears besides whoever it told already. */
export function heardWrite(
  write: ClientWrite,
  committed: (revision: number | undefined) => void,
): ClientWrite {
  const asked: unknown = write.options.committed
  // Refused where the write is performed.
  if (asked !== undefined && typeof asked !== 'function') return write
  const both = (revision: number | undefined): void => {
    committed(revision)
    asked?.(revision)
  }
  return {
    ...write,
    options: { ...write.options, committed: asked === undefined ? committed : both },
  } as ClientWrite
}

/** Has a writer do what the write says. */
export function sendWrite(writer: Writer, write: ClientWrite): Promise<unknown> {
  switch (write.verb) {
    case 'create':
      return writer.create(write.kind, write.object, write.options)
    case 'update':
      return writer.update(write.kind, write.object, write.options)
    case 'updateStatus':
      return writer.updateStatus(write.kind, write.object, write.options)
    case 'modify':
      return writer.modify(write.kind, write.ref, write.recipe, write.options)
    case 'modifyStatus':
      return writer.modifyStatus(write.kind, write.ref, write.recipe, write.options)
    case 'patch':
      return writer.patch(write.kind, write.ref, write.patch, write.options)
    case 'delete':
      return writer.delete(write.kind, write.ref, write.options)
    case 'transact':
      return writer.transact(write.body, write.options)
    case 'optimistic':
      return writer.optimistic(write.body, write.options)
  }
}
