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
  const take = (field: keyof Content, freeze: boolean): unknown =>
    input[field] === undefined || (isCaptured && freeze && previous === undefined)
      ? input[field]
      : adoptJson(input[field], freeze ? previous?.[field] : undefined, { subject, field, freeze })
  if (schema === undefined) return { spec: take('spec', true), status: take('status', true) }
  // What was stored has passed.
  if (previous !== undefined && input.spec === previous.spec && input.status === previous.status) return input
  if (!schema.fillsDefaults) {
    const content = { spec: take('spec', true), status: take('status', true) }
    refuse(schema.problems(present(content), previous), subject)
    return content
  }
  const filled = present({ spec: take('spec', false), status: take('status', false) })
  refuse(schema.problems(filled), subject)
  return adoptContent(
    { ...kind, schema: undefined },
    { spec: filled['spec'], status: filled['status'] },
    { previous, subject, isCaptured: false },
  )
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
