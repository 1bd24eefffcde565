import { InvalidError } from '../errors.js'

/** Nesting beyond this is refused, so that no input can exhaust the stack. */
const DEPTH_MAX = 1000

/**
 * JSON text that is equal for equal values: keys sorted by UTF-16 code unit, no white space, numbers as
 * ECMAScript writes them (the form of RFC 8785).
 *
 * Accepts null, booleans, finite numbers, strings, dense arrays and plain objects, nested at most 1,000 deep.
 *
 * @throws InvalidError that names the path of anything else: `undefined`, NaN, functions, symbols, bigints, class
 * instances (a Date, a Map), cycles, and own keys called `__proto__`, which many readers would take for a prototype
 */
export function canonicalJson(value: unknown): string {
  return write(value, { key: '', parent: undefined, depth: 0, container: undefined })
}

/** Where a value is: a chain that becomes a path only when something is wrong. */
interface Place {
  readonly key: string | number
  readonly parent: Place | undefined
  readonly depth: number
  /** The object or array that this place holds, for finding cycles. */
  container: object | undefined
}

function write(value: unknown, place: Place): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'number':
      if (!Number.isFinite(value)) throw refuse(value, place, 'must be a finite number')
      return JSON.stringify(value)
    case 'object':
      return value === null ? 'null' : writeContainer(value, place)
    default:
      throw refuse(value, place, `must be a JSON value, not ${typeof value}`)
  }
}

function writeContainer(value: object, place: Place): string {
  if (place.depth > DEPTH_MAX) throw refuse(value, place, `must be nested at most ${DEPTH_MAX} deep`)
  for (let above = place.parent; above !== undefined; above = above.parent) {
    if (above.container === value) throw refuse(value, place, 'must not contain itself')
  }
  place.container = value
  return Array.isArray(value) ? writeArray(value, place) : writeObject(value, place)
}

function writeArray(values: readonly unknown[], place: Place): string {
  let text = '['
  for (let i = 0; i < values.length; i++) {
    text += (i === 0 ? '' : ',') + write(values[i], within(place, i))
  }
  return `${text}]`
}

function writeObject(value: object, place: Place): string {
  if (!isPlainObject(value)) throw refuse(value, place, 'must be a plain object, not a class instance')
  let text = '{'
  for (const key of Object.keys(value).sort()) {
    const inside = within(place, key)
    const member = value[key]
    if (key === '__proto__') throw refuse(member, inside, 'must have another name')
    text += `${text.length === 1 ? '' : ','}${JSON.stringify(key)}:${write(member, inside)}`
  }
  return `${text}}`
}

/** True for `{}` of any realm and for objects without a prototype. */
function isPlainObject(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype || isForeignObjectPrototype(prototype as object)
}

// Another realm's Object.prototype is not ours, but it too ends its chain and owns hasOwnProperty.
function isForeignObjectPrototype(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty')
}

function within(parent: Place, key: string | number): Place {
  return { key, parent, depth: parent.depth + 1, container: undefined }
}

function refuse(value: unknown, place: Place, message: string): InvalidError {
  return new InvalidError('JSON', [{ field: pathOf(place), value, message }])
}

function pathOf(place: Place): string {
  let path = ''
  for (let at: Place = place; at.parent !== undefined; at = at.parent) path = segment(at.key) + path
  return path === '' ? 'value' : path.replace(/^\./, '')
}

function segment(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}
