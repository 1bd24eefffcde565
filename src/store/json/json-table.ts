import { shareJson } from './shared-json.js'

/** A list of alike objects as it is written: the first of them, and what is not the same in all of them, by columns. */
export interface JsonTable {
  readonly count: number
  readonly first: object
  /** Left out when all are the same. */
  readonly rows?: TablePart
}

/** What is at one place of each object: a value of its own, or an object or list of one of several forms. */
type TablePart = TableColumn | TableForms

interface TableColumn {
  /** Of each, in order. */
  readonly values: readonly unknown[]
}

interface TableForms {
  readonly forms: readonly TableForm[]
  /** Which form each has; left out when there is one. */
  readonly which?: readonly number[]
}

/** Objects with the same members in the same order, or lists of the same length. */
interface TableForm {
  /** The first of them; that of the first form is in what is around it. */
  readonly first?: object
  /** Members that are not the same in all of them. */
  readonly parts: Readonly<Record<string, TablePart>>
}

/** Where there are more forms than that, objects are written as they are. */
const FORMS_MAX = 8

type Nested = Readonly<Record<string, unknown>>

/** Writes objects as a store holds them: no member is named `__proto__`. */
export function jsonTable(objects: readonly object[]): JsonTable {
  const rows = partOf(objects)
  return { count: objects.length, first: objects[0] ?? {}, ...(rows === undefined ? {} : { rows }) }
}

/** Undefined when all are the same. */
function partOf(values: readonly unknown[]): TablePart | undefined {
  const [first] = values
  if (values.every(value => value === first)) return undefined
  const groups = values.every(isNested) ? groupsOf(values) : undefined
  if (groups === undefined) return { values }
  const forms = groups.map((group, index) => formOf(group, index > 0))
  if (forms.length > 1) return { forms, which: whichOf(groups, values.length) }
  const isSame = Object.keys(forms[0]?.parts ?? {}).length === 0
  return isSame ? undefined : { forms }
}

/** Those of one form. */
interface Group {
  readonly names: readonly string[]
  readonly isList: boolean
  readonly members: Nested[]
  readonly places: number[]
}

/** Undefined when there are too many. */
function groupsOf(values: readonly object[]): readonly Group[] | undefined {
  const groups: Group[] = []
  for (const [place, value] of values.entries()) {
    let group = groups.find(each => hasForm(value, each))
    if (group === undefined) {
      if (groups.length === FORMS_MAX) return undefined
      group = { names: Object.keys(value), isList: Array.isArray(value), members: [], places: [] }
      groups.push(group)
    }
    group.members.push(value as Nested)
    group.places.push(place)
  }
  return groups
}

function hasForm(value: object, { names, isList }: Group): boolean {
  if (Array.isArray(value) !== isList) return false
  let at = 0
  for (const name in value) if (names[at++] !== name) return false
  return at === names.length
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function formOf({ names, members }: Group, isAlone: boolean): TableForm {
  const parts: Record<string, TablePart> = {}
  for (const name of names) {
    const part = partOf(members.map(value => value[name]))
    if (part !== undefined) parts[name] = part
  }
  const [first] = members
  return isAlone && first !== undefined ? { first, parts } : { parts }
}

function whichOf(groups: readonly Group[], count: number): readonly number[] {
  const which = Array.from({ length: count }, () => 0)
  for (const [form, { places }] of groups.entries()) for (const place of places) which[place] = form
  return which
}

/** Calls `visit` with each object of a table that was parsed, frozen; what is the same in several is there once. */
export function visitTable({ count, first, rows }: JsonTable, visit: (object: object) => void): void {
  const frozen = shareJson(first, undefined) as object
  const reader = rows === undefined ? undefined : readerOf(rows, frozen)
  for (let row = 0; row < count; row++) visit(reader === undefined ? frozen : (reader.next() as object))
}

/** Tells what is at one place, of one object after the other. */
interface PartReader {
  next(): unknown
}

function readerOf(part: TablePart, first: unknown): PartReader {
  if ('values' in part) return new ColumnReader(part.values, first)
  const { forms, which } = part
  const readers = forms.map(
    (form, index) => new FormReader(form, index === 0 ? first : shareJson(form.first, first)),
  )
  const [only] = readers
  return which === undefined && only !== undefined ? only : new FormsReader(readers, which ?? [])
}

class ColumnReader implements PartReader {
  readonly #values: readonly unknown[]
  #at = 0
  #last: unknown

  constructor(values: readonly unknown[], first: unknown) {
    this.#values = values
    this.#last = first
  }

  next(): unknown {
    const value = this.#values[this.#at++]
    // An equal text is kept once.
    if (value !== this.#last) this.#last = shareJson(value, this.#last)
    return this.#last
  }
}

class FormReader implements PartReader {
  readonly #first: Nested
  /** Members that are not the same in all of them. */
  readonly #names: readonly string[]
  readonly #parts: readonly PartReader[]

  constructor({ parts }: TableForm, first: unknown) {
    this.#first = first as Nested
    this.#names = Object.keys(parts)
    this.#parts = this.#names.map(name => readerOf(parts[name] as TablePart, this.#first[name]))
  }

  next(): unknown {
    const first = this.#first
    const copy = (Array.isArray(first) ? [...first] : { ...first }) as Record<string, unknown>
    for (let at = 0; at < this.#parts.length; at++)
      copy[this.#names[at] as string] = (this.#parts[at] as PartReader).next()
    return Object.freeze(copy)
  }
}

class FormsReader implements PartReader {
  readonly #forms: readonly PartReader[]
  readonly #which: readonly number[]
  #at = 0

  constructor(forms: readonly PartReader[], which: readonly number[]) {
    this.#forms = forms
    this.#which = which
  }

  next(): unknown {
    return (this.#forms[this.#which[this.#at++] as number] as PartReader).next()
  }
}
