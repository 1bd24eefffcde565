import type { FieldType } from '../kind/merge-type.js'
import { UNDECLARED } from '../kind/merge-type.js'

/** One part of a value that can be owned and merged on its own. */
export interface Member {
  /** The field's name; empty for an item of a list. */
  readonly name: string
  readonly value: unknown
  readonly type: FieldType
}

/** A value taken apart. */
export interface Members {
  readonly shape: 'fields' | 'set' | 'items'
  /** By the text that stands for them in a path, in their order. */
  readonly byElement: ReadonlyMap<string, Member>
  /** Fields that tell items apart. */
  readonly keys: readonly string[]
}

const SIMPLE = /^[A-Za-z_][\w-]*$/
const ELEMENT = /\.[A-Za-z_][\w-]*|\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\]/g

/** The elements of a path: `.spec.ports[name="web"].port` has four. */
export function elementsOf(path: string): readonly string[] {
  return path.match(ELEMENT) ?? []
}

/** `.name`, or `["odd name"]`. */
function fieldElement(name: string): string {
  return SIMPLE.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
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
  const keys = merge === 'set' ? [] : merge.keys
  const byElement = new Map<string, Member>()
  for (const item of value as readonly unknown[]) {
    const element = merge === 'set' ? setElement(item) : itemElement(item, keys)
    if (element === undefined || byElement.has(element)) return undefined
    byElement.set(element, { name: '', value: item, type: type.items ?? UNDECLARED })
  }
  return { shape: merge === 'set' ? 'set' : 'items', byElement, keys }
}

function fieldsIn(value: Readonly<Record<string, unknown>>, type: FieldType): Members {
  const byElement = new Map<string, Member>()
  for (const name of Object.keys(value)) {
    const member = { name, value: value[name], type: type.fields.get(name) ?? type.others ?? UNDECLARED }
    byElement.set(fieldElement(name), member)
  }
  return { shape: 'fields', byElement, keys: [] }
}

/** `[="value"]`, or undefined for what no set can hold. */
export function setElement(item: unknown): string | undefined {
  return isScalar(item) ? `[=${JSON.stringify(item)}]` : undefined
}

/** `[name="web",port=80]`, or undefined for an item without these keys. */
export function itemElement(item: unknown, keys: readonly string[]): string | undefined {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return undefined
  const parts: string[] = []
  for (const key of keys) {
    const value = Object.hasOwn(item, key) ? (item as Readonly<Record<string, unknown>>)[key] : undefined
    if (!isScalar(value)) return undefined
    parts.push(`${SIMPLE.test(key) ? key : JSON.stringify(key)}=${JSON.stringify(value)}`)
  }
  return `[${parts.join(',')}]`
}

function isScalar(value: unknown): boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}
