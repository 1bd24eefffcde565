import type { KnownOptions, OptionNames } from '../../core/internal.js'
import { assertKnown, knownOptions } from '../../core/internal.js'
import type { ExpiryOptions } from '../lifetime/lifetimes.js'
import type { WriteCause } from '../object/write-cause.js'
import type { CommitListener } from './commit-listener.js'
import { assertListener, COMMIT_LISTENER } from './commit-listener.js'
import type { ObjectWrite } from './object-write.js'
import type { PatchOptions } from './patch.js'
import type {
  DeleteOptions,
  FieldOwner,
  Guard,
  ModifyOptions,
  Preconditions,
  UpdateOptions,
  WriteOptions,
} from './write-options.js'

/** What a write can say about itself. */
export const CAUSE_NAMES: OptionNames<WriteCause> = { actor: true, reason: true, traceId: true }

const OWNER: OptionNames<FieldOwner> = { fieldManager: true }
const EXPIRY: OptionNames<ExpiryOptions> = { lifetime: true, ttlMs: true }
const ALONE: OptionNames<WriteOptions> = {
  ...CAUSE_NAMES,
  ...COMMIT_LISTENER,
  ...OWNER,
  dryRun: true,
  guards: true,
}

const CREATE: OptionNames<FieldOwner & ExpiryOptions> = { ...OWNER, ...EXPIRY }
const UPDATE: OptionNames<UpdateOptions> = {
  ...OWNER,
  ...EXPIRY,
  unconditional: true,
  preconditions: true,
}
const MODIFY: OptionNames<ModifyOptions> = { ...OWNER, ...EXPIRY, preconditions: true }
const PATCH: OptionNames<PatchOptions<'json'>> = { ...MODIFY, type: true, subresource: true }
const APPLY: OptionNames<PatchOptions<'apply'>> = { ...PATCH, force: true, adopt: true }
const DELETE: OptionNames<DeleteOptions> = {
  preconditions: true,
  gracePeriodSeconds: true,
  propagationPolicy: true,
  cascade: true,
}

const CONDITIONS: OptionNames<Preconditions> = { uid: true, resourceVersion: true, fieldSelector: true }
const PRECONDITIONS = /* @__PURE__ */ knownOptions<Preconditions>('preconditions', CONDITIONS)

/** What a guard of a write takes. */
export const GUARD: KnownOptions = /* @__PURE__ */ knownOptions<Guard>('a guard', {
  ...CONDITIONS,
  kind: true,
  ref: true,
  exists: true,
})

/** The options of each verb. */
export type WriteBorder = Readonly<Record<ObjectWrite['verb'] | 'apply', KnownOptions>>

/** The verbs of a transaction, which has a cause, and is a dry run, as a whole. */
export const WRITES_IN_TRANSACTION: WriteBorder = /* @__PURE__ */ borderOf('tx.', {})

/** The verbs of a writer. */
export const WRITES: WriteBorder = /* @__PURE__ */ borderOf('', ALONE)

function borderOf(of: string, more: object): WriteBorder {
  const known = (verb: string, names: object): KnownOptions =>
    knownOptions<object>(of + verb, { ...names, ...more })
  return {
    create: known('create', CREATE),
    update: known('update', UPDATE),
    updateStatus: known('updateStatus', UPDATE),
    modify: known('modify', MODIFY),
    modifyStatus: known('modifyStatus', MODIFY),
    patch: known('patch', PATCH),
    apply: known('patch of type apply', APPLY),
    delete: known('delete', DELETE),
  }
}

/** @throws UsageError for options that the verb does not have, and a listener that cannot be called */
export function assertWriteOptions({ verb, options }: ObjectWrite, border: WriteBorder): void {
  const isApply = verb === 'patch' && (options as Partial<PatchOptions> | null)?.type === 'apply'
  assertKnown(options, border[isApply ? 'apply' : verb])
  if ('preconditions' in options && options.preconditions !== undefined)
    assertKnown(options.preconditions, PRECONDITIONS)
  assertListener(options as CommitListener)
}
