import type { DiskInfo, Resource, ResourceReservation, ResourceValue, Span } from '../resources/resource.js'
import { isSpans } from '../resources/resource.js'
import type { ResourceSet } from '../resources/resource-set.js'
import { resources } from '../resources/resource-text.js'
import { ANY_ROLE } from '../resources/role-name.js'
import type { CallFields } from './call-fields.js'
import {
  objectList,
  optionalId,
  optionalNumber,
  optionalObject,
  optionalText,
  refuseField,
  requiredNumber,
  requiredObject,
  requiredText,
  textList,
} from './call-fields.js'

type Json = Readonly<Record<string, unknown>>

const DISK_SOURCES = ['path', 'mount', 'block', 'raw'] as const

/** Resources in Mesos' JSON, allocated to a role. */
export function mesosResources(set: ResourceSet, role: string): readonly Json[] {
  return Array.from(set, resource => ({
    name: resource.name,
    ...mesosValue(resource.value),
    allocation_info: { role },
    ...(resource.reservations === undefined || resource.reservations.length === 0
      ? {}
      : { reservations: resource.reservations.map(mesosReservation) }),
    ...(resource.disk === undefined ? {} : mesosDisk(resource.disk)),
    ...(resource.revocable === true ? { revocable: {} } : {}),
    ...(resource.provider === undefined ? {} : { provider_id: { value: resource.provider } }),
  }))
}

function mesosValue(value: ResourceValue): Json {
  if (typeof value === 'number') return { type: 'SCALAR', scalar: { value } }
  if (isSpans(value))
    return { type: 'RANGES', ranges: { range: value.map(([begin, end]) => ({ begin, end })) } }
  return { type: 'SET', set: { item: value } }
}

function mesosReservation({ role, kind, principal, labels, expiresAtMs }: ResourceReservation): Json {
  return {
    type: kind === 'static' ? 'STATIC' : 'DYNAMIC',
    role,
    ...(principal === undefined ? {} : { principal }),
    ...(labels === undefined
      ? {}
      : { labels: { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) } }),
    ...(expiresAtMs === undefined ? {} : { expires_at_ms: expiresAtMs }),
  }
}

function mesosDisk({ source, profile, root, volume }: DiskInfo): Json {
  const from =
    source === undefined
      ? {}
      : {
          source: {
            type: source.toUpperCase(),
            ...(profile === undefined ? {} : { profile }),
            ...(root === undefined ? {} : { [source]: { root } }),
          },
        }
  if (volume === undefined) return { disk: from }
  const { id, path, shared } = volume
  const mounted = path === undefined ? {} : { volume: { container_path: path, mode: 'RW' } }
  return { disk: { ...from, persistence: { id }, ...mounted }, ...(shared === true ? { shared: {} } : {}) }
}

/**
 * The resources in a field of a call.
 *
 * @throws InvalidError for one that is malformed
 */
export function resourcesOfCall(of: CallFields, name: string): ResourceSet {
  return resources(objectList(of, name).map(resourceOf))
}

/** The one resource in a field. */
export function resourceOfCall(of: CallFields, name: string): ResourceSet {
  return resources([resourceOf(requiredObject(of, name))])
}

function resourceOf(of: CallFields): Resource {
  const disk = diskOf(of)
  const layers = reservationsOf(of)
  const provider = optionalId(of, 'provider_id')
  return {
    name: requiredText(of, 'name'),
    value: valueOf(of),
    ...(layers.length === 0 ? {} : { reservations: layers }),
    ...(disk === undefined ? {} : { disk }),
    ...(optionalObject(of, 'revocable') === undefined ? {} : { revocable: true }),
    ...(provider === undefined ? {} : { provider }),
  }
}

function valueOf(of: CallFields): ResourceValue {
  switch (of.fields['type']) {
    case 'SCALAR':
      return requiredNumber(requiredObject(of, 'scalar'), 'value')
    case 'RANGES':
      return objectList(requiredObject(of, 'ranges'), 'range').map(
        (range): Span => [requiredNumber(range, 'begin'), requiredNumber(range, 'end')],
      )
    case 'SET':
      return textList(requiredObject(of, 'set'), 'item')
    default:
      return refuseField(`${of.path}type`, of.fields['type'], 'must be SCALAR, RANGES or SET')
  }
}

/** The stack, or in the older form one role, with or without a dynamic `reservation`. */
function reservationsOf(of: CallFields): readonly ResourceReservation[] {
  const stack = objectList(of, 'reservations').map(layer => {
    const { type = 'DYNAMIC' } = layer.fields
    if (type !== 'DYNAMIC' && type !== 'STATIC')
      return refuseField(`${layer.path}type`, type, 'must be DYNAMIC or STATIC')
    return layerOf(layer, requiredText(layer, 'role'), type === 'STATIC')
  })
  const role = optionalText(of, 'role')
  if (role === undefined || role === ANY_ROLE || stack.length > 0) return stack
  const dynamic = optionalObject(of, 'reservation')
  return [layerOf(dynamic ?? of, role, dynamic === undefined)]
}

function layerOf(of: CallFields, role: string, isStatic: boolean): ResourceReservation {
  const principal = optionalText(of, 'principal')
  const labels = labelsOf(of)
  const expiresAtMs = optionalNumber(of, 'expires_at_ms')
  return {
    role,
    ...(isStatic ? { kind: 'static' } : {}),
    ...(principal === undefined ? {} : { principal }),
    ...(labels === undefined ? {} : { labels }),
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  }
}

function labelsOf(of: CallFields): Readonly<Record<string, string>> | undefined {
  const labels = optionalObject(of, 'labels')
  if (labels === undefined) return undefined
  const pairs = new Map<string, string>()
  for (const pair of objectList(labels, 'labels')) {
    const key = requiredText(pair, 'key')
    const { value = '' } = pair.fields
    if (typeof value !== 'string') return refuseField(`${pair.path}value`, value, 'must be a text')
    if (pairs.has(key)) return refuseField(`${pair.path}key`, key, 'must not be there twice')
    pairs.set(key, value)
  }
  return Object.fromEntries(pairs)
}

function diskOf(of: CallFields): DiskInfo | undefined {
  const disk = optionalObject(of, 'disk')
  if (disk === undefined) return undefined
  const from = optionalObject(disk, 'source')
  const persistence = optionalObject(disk, 'persistence')
  const mounted = optionalObject(disk, 'volume')
  const path = mounted === undefined ? undefined : requiredText(mounted, 'container_path')
  const shared = optionalObject(of, 'shared') !== undefined
  return {
    ...(from === undefined ? {} : sourceOf(from)),
    ...(persistence === undefined
      ? {}
      : {
          volume: {
            id: requiredText(persistence, 'id'),
            ...(path === undefined ? {} : { path }),
            ...(shared ? { shared } : {}),
          },
        }),
  }
}

function sourceOf(of: CallFields): Pick<DiskInfo, 'source' | 'profile' | 'root'> {
  const source = DISK_SOURCES.find(known => known.toUpperCase() === of.fields['type'])
  if (source === undefined)
    return refuseField(`${of.path}type`, of.fields['type'], 'must be PATH, MOUNT, BLOCK or RAW')
  const profile = optionalText(of, 'profile')
  const place = optionalObject(of, source)
  const root = place === undefined ? undefined : optionalText(place, 'root')
  return { source, ...(profile === undefined ? {} : { profile }), ...(root === undefined ? {} : { root }) }
}
