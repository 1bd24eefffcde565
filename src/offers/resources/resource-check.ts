import type { FieldProblem } from '../../core/index.js'
import { InvalidError } from '../../core/index.js'
import { countPorts, portRangesOf, toThousandths } from '../../core/internal.js'
import type { Resource, ResourceReservation, ResourceValue } from './resource.js'
import { isSpans } from './resource.js'
import { ANY_ROLE, isStrictSubrole, ROLE_NAME_LENGTH_MAX, roleNameProblem } from './role-name.js'

/** Why a resource is not acceptable. */
export type ResourceProblemCode =
  | 'emptyName'
  | 'nameTooLong'
  | 'notPositive'
  | 'tooLarge'
  | 'badValue'
  | 'rangeInverted'
  | 'rangeOverlap'
  | 'setDuplicate'
  | 'roleName'
  | 'reservedToAny'
  | 'refinementNotSubrole'
  | 'refinementStatic'
  | 'revocableReserved'
  | 'diskName'
  | 'volumeUnreserved'
  | 'volumeId'

/** A fault of a resource: a stable code, and the field with the remedy. */
export interface ResourceProblem extends FieldProblem {
  readonly code: ResourceProblemCode
}

/** Longest name of a resource or text in a set. */
const NAME_LENGTH_MAX = 256
/** Most ranges or members in one value, and most layers of one reservation. */
const ITEMS_MAX = 100_000
const LAYERS_MAX = 64
/** Largest number in a range. */
export const SPAN_MAX: number = Number.MAX_SAFE_INTEGER - 1
/** Largest scalar: so that totals of a large cluster are exact. */
export const SCALAR_MAX = 1e12

/**
 * The first fault of a resource, undefined when there is none. Zero and empty lists are fine, and ignored.
 *
 * @internal
 */
export function resourceProblem(resource: Resource): ResourceProblem | undefined {
  const { name, value, reservations = [] } = resource
  if (name === '') return problem('emptyName', 'name', name, 'must not be empty')
  if (name.length > NAME_LENGTH_MAX)
    return problem('nameTooLong', 'name', name, `must have at most ${NAME_LENGTH_MAX} characters`)
  return valueProblem(value) ?? reservationProblem(reservations) ?? kindProblem(resource)
}

/**
 * Refuses a resource that is not acceptable.
 *
 * @throws InvalidError naming the resource, the field, the value and what would be right
 */
export function assertResource(resource: Resource): void {
  const found = resourceProblem(resource)
  if (found !== undefined) throw new InvalidError(`resource ${resource.name || '(no name)'}`, [found])
}

function valueProblem(value: ResourceValue): ResourceProblem | undefined {
  if (typeof value === 'number') return scalarProblem(value)
  if (!Array.isArray(value)) return problem('badValue', 'value', value, 'must be a number or a list')
  if (value.length > ITEMS_MAX)
    return problem('tooLarge', 'value', value, `must have at most ${ITEMS_MAX} items`)
  if (isSpans(value)) return spansProblem(value)
  const members: readonly unknown[] = value
  if (!members.every(member => typeof member === 'string' && member.length <= NAME_LENGTH_MAX))
    return problem('badValue', 'value', value, `must be texts of at most ${NAME_LENGTH_MAX} characters`)
  if (new Set(members).size < members.length)
    return problem('setDuplicate', 'value', value, 'must not name a member twice')
  return undefined
}

function scalarProblem(value: number): ResourceProblem | undefined {
  if (!Number.isFinite(value)) return problem('badValue', 'value', value, 'must be a finite number')
  if (value > SCALAR_MAX) return problem('tooLarge', 'value', value, `must be at most ${SCALAR_MAX}`)
  if (value < 0 || (value > 0 && toThousandths(value) === 0))
    return problem('notPositive', 'value', value, 'must be at least 0.001, or 0')
  return undefined
}

function spansProblem(spans: readonly (readonly [number, number])[]): ResourceProblem | undefined {
  let sum = 0
  for (const [first, last] of spans) {
    if (!Number.isSafeInteger(first) || !Number.isSafeInteger(last) || first < 0 || last > SPAN_MAX)
      return problem('badValue', 'value', spans, 'must be ranges of whole numbers from 0')
    if (first > last) return problem('rangeInverted', 'value', spans, 'the lower end must come first')
    sum += last - first + 1
  }
  const joined = portRangesOf(spans, { max: SPAN_MAX })
  return countPorts(joined) < sum
    ? problem('rangeOverlap', 'value', spans, 'ranges must not overlap')
    : undefined
}

function reservationProblem(layers: readonly ResourceReservation[]): ResourceProblem | undefined {
  if (layers.length > LAYERS_MAX)
    return problem('tooLarge', 'reservations', layers, `must have at most ${LAYERS_MAX} layers`)
  for (const [index, { role, kind, expiresAtMs }] of layers.entries()) {
    const field = `reservations[${index}]`
    if (role === ANY_ROLE)
      return problem('reservedToAny', `${field}.role`, role, 'must be the name of one role')
    if (roleNameProblem(role) !== undefined || role.length > ROLE_NAME_LENGTH_MAX)
      return problem('roleName', `${field}.role`, role, 'must be components joined by /')
    const outer = layers[index - 1]
    if (outer !== undefined && kind === 'static')
      return problem('refinementStatic', `${field}.kind`, kind, 'only the first layer may be static')
    if (outer !== undefined && !isStrictSubrole(role, outer.role))
      return problem('refinementNotSubrole', `${field}.role`, role, `must lie below ${outer.role}`)
    if (expiresAtMs !== undefined && !Number.isFinite(expiresAtMs))
      return problem('badValue', `${field}.expiresAtMs`, expiresAtMs, 'must be a finite number of ms')
  }
  return undefined
}

function kindProblem({ name, disk, revocable, reservations = [] }: Resource): ResourceProblem | undefined {
  if (revocable === true && reservations.length > 0)
    return problem('revocableReserved', 'revocable', true, 'what may be taken back cannot be reserved')
  if (disk === undefined) return undefined
  if (name !== 'disk') return problem('diskName', 'disk', name, 'only a resource named disk has a disk')
  const { volume } = disk
  if (volume === undefined) return undefined
  if (volume.id === '') return problem('volumeId', 'disk.volume.id', volume.id, 'must not be empty')
  if (reservations.length === 0)
    return problem('volumeUnreserved', 'reservations', reservations, 'a volume lives on reserved disk')
  return undefined
}

function problem(code: ResourceProblemCode, field: string, value: unknown, message: string): ResourceProblem {
  return { code, field, value, message }
}
