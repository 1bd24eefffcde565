import type { Reason } from '../../core/index.js'
import { toThousandths } from '../../core/internal.js'
import { quantitiesOf } from './quantities.js'
import type { Resource, ResourceReservation } from './resource.js'
import { SCALAR_MAX } from './resource-check.js'
import { chunksOf, ResourceSet } from './resource-set.js'

/** Codes of why a conversion is refused. */
export type ConversionProblemCode =
  | 'notContained'
  | 'nothing'
  | 'roleMismatch'
  | 'unauthorized'
  | 'notDynamicallyReserved'
  | 'persistentVolume'
  | 'notReserved'
  | 'volumeExists'
  | 'notVolume'
  | 'sharedVolume'
  | 'mountVolume'
  | 'notAddable'
  | 'size'

/** What an operation would turn into what; the totals of both sides are equal. Or why it is refused. */
export type Conversion =
  | { readonly kind: 'converted'; readonly from: ResourceSet; readonly to: ResourceSet }
  | { readonly kind: 'refused'; readonly reason: Reason & { readonly code: ConversionProblemCode } }

/** Who converts, and on behalf of which role. Absent: whoever operates the agent, who may do everything. */
export interface Converter {
  readonly role?: string
  readonly principal?: string | undefined
}

/**
 * Reserves: the last layer of each resource is put on top of what the other layers say.
 * `{ name, value, reservations: [eng, eng/web] }` refines a reservation of `eng`.
 */
export function reserveConversion(wanted: ResourceSet, by: Converter = {}): Conversion {
  for (const resource of wanted) {
    const layer = resource.reservations?.at(-1)
    if (layer === undefined) return refused('notReserved', 'must name the reservation to make', resource)
    if (resource.disk?.volume !== undefined)
      return refused('persistentVolume', 'a volume cannot be reserved', resource)
    if (layer.kind === 'static')
      return refused('notDynamicallyReserved', 'only a dynamic reservation can be made', resource)
    if (by.role !== undefined && layer.role !== by.role)
      return refused('roleMismatch', `must be reserved for ${by.role}, the role of the offer`, resource)
    if (by.principal !== layer.principal && by.role !== undefined)
      return refused('unauthorized', 'must carry the principal of who reserves', resource)
  }
  return converted(withoutTopLayer(wanted), wanted)
}

/** Takes the last layer off. */
export function unreserveConversion(wanted: ResourceSet, by: Converter = {}): Conversion {
  for (const resource of wanted) {
    const layer = resource.reservations?.at(-1)
    if (layer === undefined) return refused('notReserved', 'is not reserved', resource)
    if (layer.kind === 'static')
      return refused('notDynamicallyReserved', 'a static reservation cannot be undone', resource)
    if (resource.disk?.volume !== undefined)
      return refused('persistentVolume', 'a volume must be destroyed before its disk is unreserved', resource)
    const fault = ownershipFault(layer, by)
    if (fault !== undefined) return refused('unauthorized', fault, resource)
  }
  return converted(wanted, withoutTopLayer(wanted))
}

/** Turns reserved disk into volumes. `existing` holds the ids that the agent has already. */
export function createConversion(
  volumes: ResourceSet,
  existing: ReadonlySet<string>,
  by: Converter = {},
): Conversion {
  const ids = new Set(existing)
  for (const resource of volumes) {
    const id = resource.disk?.volume?.id
    const layer = resource.reservations?.at(-1)
    if (id === undefined) return refused('notVolume', 'must name the volume to create', resource)
    if (layer === undefined) return refused('notReserved', 'a volume lives on reserved disk', resource)
    const fault = ownershipFault(layer, by)
    if (fault !== undefined) return refused('unauthorized', fault, resource)
    if (ids.has(id)) return refused('volumeExists', `the agent has a volume ${id} already`, resource)
    ids.add(id)
  }
  return converted(withoutVolumes(volumes), volumes)
}

/** Turns volumes back into reserved disk. That nobody uses them is for the caller to know. */
export function destroyConversion(volumes: ResourceSet, by: Converter = {}): Conversion {
  for (const resource of volumes) {
    const layer = resource.reservations?.at(-1)
    if (resource.disk?.volume === undefined || layer === undefined)
      return refused('notVolume', 'must be a volume', resource)
    const fault = ownershipFault(layer, by)
    if (fault !== undefined) return refused('unauthorized', fault, resource)
  }
  return converted(volumes, withoutVolumes(volumes))
}

/** Adds disk of the volume's own kind to it. */
export function growConversion(volume: ResourceSet, addition: ResourceSet): Conversion {
  const [found] = volume
  const fault = resizeFault(volume, found)
  if (fault !== undefined || found === undefined) return fault ?? nothing()
  if (addition.isEmpty) return nothing()
  const whole = volume.plus(addition)
  const size = whole.quantities()['disk'] ?? 0
  if (size > SCALAR_MAX) return refused('size', `must come to at most ${SCALAR_MAX} MB`, found)
  if (
    !withoutVolumes(volume)
      .filter(isDivisible)
      .plus(addition)
      .equals(sameKind(found, volume, addition))
  )
    return refused('notAddable', 'must be disk of the same reservation and source', found)
  return converted(whole, sized(found, whole))
}

/** Gives part of a volume back as reserved disk. `amount` is in MB and leaves something of the volume. */
export function shrinkConversion(volume: ResourceSet, amount: number): Conversion {
  const [found] = volume
  const fault = resizeFault(volume, found)
  if (fault !== undefined || found === undefined) return fault ?? nothing()
  if (found.disk?.source === 'mount') return refused('mountVolume', 'a mounted device cannot shrink', found)
  const size = found.value as number
  const leaves = amount > 0 && amount < size && toThousandths(amount) < toThousandths(size)
  if (typeof amount !== 'number' || !leaves || toThousandths(amount) === 0)
    return refused('size', `must be more than 0 and less than the volume's ${size}`, found)
  const freed = ResourceSet.ofChunks(chunksOf([withoutVolume({ ...found, value: amount })]))
  const left =
    ResourceSet.ofChunks(chunksOf([found]))
      .thousandths()
      .get('disk') ?? 0
  const kept = left - (freed.thousandths().get('disk') ?? 0)
  const smaller = { ...found, value: quantitiesOf(new Map([['disk', kept]]))['disk'] as number }
  return converted(volume, ResourceSet.ofChunks(chunksOf([smaller])).plus(freed))
}

/**
 * The set after a conversion.
 *
 * @internal
 */
export function applyConversion(set: ResourceSet, conversion: Conversion): ResourceSet | Reason {
  if (conversion.kind === 'refused') return conversion.reason
  return set.tryMinus(conversion.from)?.plus(conversion.to) ?? notContained(conversion.from)
}

/** The reason for an operation on what is not there. */
export function notContained(asked: ResourceSet): Reason & { readonly code: ConversionProblemCode } {
  return {
    code: 'notContained',
    message: 'not contained in what is left',
    params: { asked: asked.toString() },
  }
}

function converted(from: ResourceSet, to: ResourceSet): Conversion {
  return from.isEmpty ? nothing() : { kind: 'converted', from, to }
}

function nothing(): Conversion {
  return { kind: 'refused', reason: { code: 'nothing', message: 'nothing was named' } }
}

function refused(code: ConversionProblemCode, message: string, resource: Resource): Conversion {
  return { kind: 'refused', reason: { code, message, params: { resource: JSON.stringify(resource) } } }
}

function ownershipFault(layer: ResourceReservation, { role, principal }: Converter): string | undefined {
  if (role === undefined || layer.principal === undefined || layer.principal === principal) return undefined
  return `belongs to principal ${layer.principal}`
}

function withoutTopLayer(set: ResourceSet): ResourceSet {
  return mapped(set, ({ reservations = [], ...rest }) => ({
    ...rest,
    reservations: reservations.slice(0, -1),
  }))
}

function withoutVolumes(set: ResourceSet): ResourceSet {
  return mapped(set, withoutVolume)
}

/** The disk below the volume; the plain root file system has no `disk` at all. */
function withoutVolume({ disk: info, ...rest }: Resource): Resource {
  const { volume: _volume, ...disk } = info ?? {}
  return Object.keys(disk).length === 0 ? rest : { ...rest, disk }
}

function mapped(set: ResourceSet, change: (resource: Resource) => Resource): ResourceSet {
  return ResourceSet.ofChunks(chunksOf([...set].map(change)))
}

function isDivisible({ disk }: Resource): boolean {
  return disk?.source === undefined || disk.source === 'path'
}

function resizeFault(volume: ResourceSet, found: Resource | undefined): Conversion | undefined {
  if (found === undefined) return nothing()
  const info = found.disk?.volume
  if (info === undefined || volume.size !== 1) return refused('notVolume', 'must be one volume', found)
  return info.shared === true ? refused('sharedVolume', 'a shared volume keeps its size', found) : undefined
}

/** One chunk of the volume's kind with the size of both. */
function sameKind(found: Resource, volume: ResourceSet, addition: ResourceSet): ResourceSet {
  const total = volume.plus(addition).thousandths()
  return ResourceSet.ofChunks(
    chunksOf([withoutVolume({ ...found, value: quantitiesOf(total)['disk'] ?? 0 })]),
  )
}

function sized(found: Resource, whole: ResourceSet): ResourceSet {
  return ResourceSet.ofChunks(chunksOf([{ ...found, value: whole.quantities()['disk'] ?? 0 }]))
}
