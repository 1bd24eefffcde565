import type { FieldType, ListKeys } from '../kind/merge-type.js'
import { UNDECLARED } from '../kind/merge-type.js'

/** One part of a value that can be owned and merged on its own. */
export interface Member {
  /** The field's name; empty for an item of a list. */
  readonly name: string
  readonly value: unknown
  readonly type: FieldType
  /** A field of an object, which counts by what is in it. Items and entries of maps are owned besides that. */
  readonly named: boolean
}

/** A value taken apart. */
export interface Members {
  readonly shape: 'fields' | 'set' | 'items'
  /** By the text that stands for them in a path, in their order. */
  readonly byElement: ReadonlyMap<string, Member>
}

const SIMPLE = /^[A-Za-z_][\w-]*$/
const ELEMENT = /\.[A-Za-z_][\w-]*|\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\]/g
const ODD_FIELD = /^\[("(?:[^"\\]|\\.)*")\]$/

/** The elements of a path: `.spec.ports[name="web"].port` has four. */
export function elementsOf(path: string): readonly string[] {
  return path.match(ELEMENT) ?? []
}

/** `.name`, or `["odd name"]`. */
export function fieldElement(name: string): string {
  return SIMPLE.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}

/** The name in an element of a field; undefined for one of an item. */
export function fieldNameOf(element: string): string | undefined {
  if (element.startsWith('.')) return element.slice(1)
  const [, text] = ODD_FIELD.exec(element) ?? []
  return text === undefined ? undefined : (JSON.parse(text) as string)
}

/** The type of a field, and whether it is one of an object rather than an entry of a map. */
export function fieldIn(
  type: FieldType,
  name: string,
): { readonly type: FieldType; readonly named: boolean } {
  const declared = type.fields.get(name)
  if (declared !== undefined) return { type: declared, named: true }
  return { type: type.others ?? UNDECLARED, named: type.others === undefined }
}

/**
 * The members of a value, or undefined when it is one indivisible thing: no object or list, an atomic one, or a list
 * that is not what is declared.
 */
export function membersOf(value: unknown, type: FieldType): Members | undefined {
  const { merge } = type
  if (typeof value !== 'object' || value === null || merge === 'atomic') return undefined
  if (!Array.isArray(value)) return fieldsIn(value as Readonly<Record<string, unknown>>, type)
  if (merge === undefined) return undefined
  const byElement = new Map<string, Member>()
  for (const item of value as readonly unknown[]) {
    const element = merge === 'set' ? setElement(item) : itemElement(item, merge)
    if (element === undefined || byElement.has(element)) return undefined
    byElement.set(element, { name: '', value: item, type: type.items ?? UNDECLARED, named: false })
  }
  return { shape: merge === 'set' ? 'set' : 'items', byElement }
}

function fieldsIn(value: Readonly<Record<string, unknown>>, type: FieldType): Members {
  const byElement = new Map<string, Member>()
  for (const name of Object.keys(value))
    byElement.set(fieldElement(name), { name, value: value[name], ...fieldIn(type, name) })
  return { shape: 'fields', byElement }
}

/** `[="value"]`, or undefined for what no set can hold. */
export function setElement(item: unknown): string | undefined {
  return isScalar(item) ? `[=${JSON.stringify(item)}]` : undefined
}

/** `[name="web",port=80]`, or undefined for an item without these keys. */
export function itemElement(item: unknown, { keys, defaults = {} }: ListKeys): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
  const parts: string[] = []
  for (const key of keys) {
    const source = Object.hasOwn(item, key) ? item : defaults
    const value = Object.hasOwn(source, key) ? (source as Readonly<Record<string, unknown>>)[key] : undefined
    if (!isScalar(value)) return undefined
    parts.push(`${SIMPLE.test(key) ? key : JSON.stringify(key)}=${JSON.stringify(value)}`)
  }
  return `[${parts.join(',')}]`
}

/** True for a field without which an item would no longer be found under its element. */
export function isKey({ name, value }: Member, { merge }: FieldType): boolean {
  if (typeof merge !== 'object' || !merge.keys.includes(name)) return false
  return !Object.hasOwn(merge.defaults, name) || merge.defaults[name] !== value
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
