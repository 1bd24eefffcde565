import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { isRecord } from '../../core/internal.js'

/** A JSON object and where it stands in a call, so that errors name the field. */
export interface CallFields {
  readonly path: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** @throws InvalidError naming the field */
export function refuseField(field: string, value: unknown, message: string): never {
  const problem: FieldProblem = { field, value, message }
  throw new InvalidError('scheduler call', [problem])
}

/** The object in a field; `undefined` when it is not there. */
export function optionalObject(of: CallFields, name: string): CallFields | undefined {
  const value = of.fields[name]
  const path = `${of.path}${name}`
  if (value === undefined || value === null) return undefined
  if (!isRecord(value) || Array.isArray(value)) return refuseField(path, value, 'must be an object')
  return { path: `${path}.`, fields: value }
}

export function requiredObject(of: CallFields, name: string): CallFields {
  return optionalObject(of, name) ?? refuseField(`${of.path}${name}`, undefined, 'must be an object')
}

/** The objects of a list; none when it is not there. */
export function objectList(of: CallFields, name: string): readonly CallFields[] {
  return list(of, name).map((value, index) => {
    const path = `${of.path}${name}[${index}]`
    if (!isRecord(value) || Array.isArray(value)) return refuseField(path, value, 'must be an object')
    return { path: `${path}.`, fields: value }
  })
}

export function textList(of: CallFields, name: string): readonly string[] {
  return list(of, name).map((value, index) =>
    typeof value === 'string' ? value : refuseField(`${of.path}${name}[${index}]`, value, 'must be a text'),
  )
}

function list(of: CallFields, name: string): readonly unknown[] {
  const value = of.fields[name] ?? []
  return Array.isArray(value) ? value : refuseField(`${of.path}${name}`, value, 'must be a list')
}

export function optionalText(of: CallFields, name: string): string | undefined {
  const value = of.fields[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'string' && value !== '') return value
  return refuseField(`${of.path}${name}`, value, 'must be a text that is not empty')
}

export function requiredText(of: CallFields, name: string): string {
  return (
    optionalText(of, name) ?? refuseField(`${of.path}${name}`, undefined, 'must be a text that is not empty')
  )
}

export function optionalNumber(of: CallFields, name: string): number | undefined {
  const value = of.fields[name]
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return refuseField(`${of.path}${name}`, value, 'must be a finite number')
}

export function requiredNumber(of: CallFields, name: string): number {
  return optionalNumber(of, name) ?? refuseField(`${of.path}${name}`, undefined, 'must be a finite number')
}

/** An id as Mesos writes it: `{ "value": "…" }`. */
export function optionalId(of: CallFields, name: string): string | undefined {
  const id = optionalObject(of, name)
  return id === undefined ? undefined : requiredText(id, 'value')
}

export function requiredId(of: CallFields, name: string): string {
  return requiredText(requiredObject(of, name), 'value')
}

export function idList(of: CallFields, name: string): readonly string[] {
  return objectList(of, name).map(id => requiredText(id, 'value'))
}
