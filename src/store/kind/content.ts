import { adoptJson } from '../json/json-border.js'
import { schemaOf } from '../kind/compiled-schema.js'
import type { Kind } from '../kind/kind.js'
import type { StoredObject } from '../object/object.js'
import type { Content } from '../object/object-parts.js'
import { refuse } from '../object/store-errors.js'

/** Where content comes from, and what it follows. */
export interface ContentSource {
  readonly previous: StoredObject | undefined
  readonly subject: string
  /** True when it is a frozen copy already, made when the write was asked for. */
  readonly isCaptured: boolean
}

/**
 * Takes spec and status in, with the schema's defaults filled and its faults refused.
 *
 * @throws InvalidError
 */
export function adoptContent(kind: Kind, input: Content, source: ContentSource): Content {
  const { previous, subject, isCaptured } = source
  const schema = schemaOf(kind)
  const isTaken = isCaptured && previous === undefined
  if (schema === undefined) return isTaken ? input : adoptParts(input, previous, subject)
  // What was stored has passed.
  if (previous !== undefined && input.spec === previous.spec && input.status === previous.status) return input
  if (!schema.fillsDefaults) {
    const content = isTaken ? input : adoptParts(input, previous, subject)
    if (previous === undefined || !schema.passesLike(content, previous))
      refuse(schema.problems(present(content)), subject)
    return content
  }
  const filled = present({
    spec: mutableCopy('spec', input, subject),
    status: mutableCopy('status', input, subject),
  })
  refuse(schema.problems(filled), subject)
  return adoptParts({ spec: filled['spec'], status: filled['status'] }, previous, subject)
}

/** For those who still fill in defaults. */
function mutableCopy(field: keyof Content, input: Content, subject: string): unknown {
  const value = input[field]
  return value === undefined ? undefined : adoptJson(value, undefined, { subject, field, freeze: false })
}

/**
 * Takes spec and status in as they are; parts equal to those of `previous` are that object's own.
 *
 * @throws InvalidError when a part is not JSON
 */
export function adoptParts(
  { spec, status }: Content,
  previous: StoredObject | undefined,
  subject: string,
): Content {
  return {
    spec: spec === undefined ? undefined : adoptJson(spec, previous?.spec, { subject, field: 'spec' }),
    status:
      status === undefined ? undefined : adoptJson(status, previous?.status, { subject, field: 'status' }),
  }
}

function present({ spec, status }: Content): Record<string, unknown> {
  const value: Record<string, unknown> = {}
  if (spec !== undefined) value['spec'] = spec
  if (status !== undefined) value['status'] = status
  return value
}
