import type { StepInfo } from '../../core/index.js'
import type { Engine } from '../engine/engine.js'
import { adoptJson } from '../json/json-border.js'
import { PATCH_LEVELS } from '../json/json-patch.js'
import { assertObject, subjectOf } from '../kind/envelope.js'
import type { Kind } from '../kind/kind.js'
import type { ObjectId, ObjectInput } from '../object/object.js'
import { describeObject, keyText } from '../object/object.js'
import { checkedRef } from '../object/object-name.js'
import { ownWriteOptions } from '../write/guards.js'
import type { ObjectWrite, PatchWrite } from '../write/object-write.js'

/**
 * The write with what must not change between the call and the commit: an own copy of its options and of its object or
 * reference.
 *
 * @throws InvalidError, UsageError for what can be seen to be wrong before the commit
 */
export function capturedWrite(engine: Engine, write: ObjectWrite): ObjectWrite {
  const { kind } = engine.table(write.kind)
  switch (write.verb) {
    case 'create':
      return {
        ...write,
        object: capturedObject(engine, kind, write.object),
        options: ownWriteOptions(engine, write.options),
      }
    case 'update':
    case 'updateStatus':
      return {
        ...write,
        object: capturedObject(engine, kind, write.object),
        options: ownWriteOptions(engine, write.options),
      }
    case 'patch':
      return {
        ...capturedPatch(write),
        ref: checkedRef(kind, write.ref),
        options: ownWriteOptions(engine, write.options),
      }
    case 'modify':
    case 'modifyStatus':
      return { ...write, ref: checkedRef(kind, write.ref), options: ownWriteOptions(engine, write.options) }
    case 'delete':
      return { ...write, ref: checkedRef(kind, write.ref), options: ownWriteOptions(engine, write.options) }
  }
}

/** @throws InvalidError for what is not JSON */
export function capturedPatch(write: PatchWrite): PatchWrite {
  const patch = adoptJson(write.patch, undefined, {
    subject: 'patch',
    field: 'patch',
    levelsAround: PATCH_LEVELS,
  })
  return { ...write, patch: patch as PatchWrite['patch'] }
}

/** Parts that are stored already stay what they are. */
function capturedObject(engine: Engine, kind: Kind, input: ObjectInput): ObjectInput {
  assertObject(kind, input)
  const { name, namespace } = input.metadata
  const stored = name === undefined ? undefined : engine.table(kind).find(namespace, name)?.head?.object
  return adoptJson(input, stored, {
    subject: subjectOf(kind, input),
    field: '',
    levelsAround: 1,
  }) as ObjectInput
}

/** What a step that commits the write says of itself. */
export function aboutWrite(write: ObjectWrite): Omit<StepInfo, 'kind' | 'reads'> {
  const { verb, kind } = write
  const id = idOfWrite(write)
  if (id !== undefined) return { label: `${verb} ${describeObject(id)}`, writes: [keyText(id)] }
  const { generateName = '' } = 'object' in write ? write.object.metadata : {}
  return { label: `${verb} ${kind.kind} ${generateName}…` }
}

/** Which object it is about; undefined where the store gives the name. */
export function idOfWrite(write: ObjectWrite): ObjectId | undefined {
  const { kind } = write.kind
  const { namespace, name } = 'ref' in write ? write.ref : write.object.metadata
  if (typeof name !== 'string') return undefined
  return namespace === undefined ? { kind, name } : { kind, namespace, name }
}
