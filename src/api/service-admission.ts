import type { FieldProblem } from '../core/index.js'
import { ipFamily } from '../core/internal.js'
import type { AdmissionHook } from '../store/index.js'
import type { NamedPort } from './spec-admission.js'
import { sameNames } from './spec-admission.js'
import { NAME_LABEL_PATTERN } from './spec-schemas.js'

interface ExposedPort {
  readonly protocol?: 'TCP' | 'UDP'
  readonly nodePort?: number
}

/** The part of a service's spec that is judged here. */
interface ServiceDemands {
  readonly ports?: readonly (NamedPort & ExposedPort)[]
  readonly mode?: 'vip' | 'headless' | 'external'
  readonly clusterIPs?: readonly string[]
  readonly externalName?: string
}

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/
const NAME_LABEL = new RegExp(NAME_LABEL_PATTERN)
const NAME =
  /^(?=.{1,253}\.?$)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?$/i

export function serviceProblems(
  spec: ServiceDemands,
  previous: ServiceDemands | undefined,
): readonly FieldProblem[] {
  const { ports = [], clusterIPs = [] } = spec
  return [
    ...(ports === previous?.ports ? [] : [...portNameProblems(ports), ...sameNames(ports, 'spec.ports')]),
    ...nodePortProblems(spec),
    ...(clusterIPs === previous?.clusterIPs ? [] : addressProblems(clusterIPs, 'spec.clusterIPs')),
    ...externalNameProblems(spec),
  ]
}

/** Its name and namespace are labels of its DNS names: no dots, at most 63 characters. */
export const serviceNameAdmission: AdmissionHook<never, never> = {
  name: 'dns-label',
  phase: 'validate',
  handle: ({ object: { metadata } }) => ({
    problems: (['name', 'namespace'] as const).flatMap(field => {
      const value = metadata[field]
      if (value === undefined || LABEL.test(value)) return []
      const message =
        'must be one DNS label: 1 to 63 of a-z, 0-9 and -, without dots, since names are made of it'
      return [{ field: `metadata.${field}`, value, message }]
    }),
  }),
}

export function addressProblems(addresses: readonly string[], at: string): readonly FieldProblem[] {
  return addresses.flatMap((value, index) => {
    if (ipFamily(value) !== 0) return []
    const remedy = value === 'None' ? '; for no virtual address write mode: headless' : ''
    return [{ field: `${at}[${index}]`, value, message: `must be an IPv4 or IPv6 address${remedy}` }]
  })
}

function externalNameProblems({ mode, externalName }: ServiceDemands): readonly FieldProblem[] {
  const field = 'spec.externalName'
  if (externalName === undefined)
    return mode === 'external'
      ? [{ field, value: externalName, message: 'is required in mode external' }]
      : []
  if (NAME.test(externalName)) return []
  return [{ field, value: externalName, message: 'must be a DNS name such as www.example.com' }]
}

function nodePortProblems({ mode = 'vip', ports = [] }: ServiceDemands): readonly FieldProblem[] {
  const seen = new Set<string>()
  return ports.flatMap(({ nodePort, protocol = 'TCP' }, index) => {
    if (nodePort === undefined) return []
    const problem = (message: string): FieldProblem[] => [
      { field: `spec.ports[${index}].nodePort`, value: nodePort, message },
    ]
    if (mode !== 'vip') return problem(`must be absent in mode ${mode}; only virtual addresses are proxied`)
    const place = `${nodePort} ${protocol}`
    if (nodePort !== 0 && seen.has(place)) return problem(`must not be of two ports, each ${protocol}`)
    seen.add(place)
    return []
  })
}

function portNameProblems(ports: readonly NamedPort[]): readonly FieldProblem[] {
  return ports.flatMap(({ name = '' }, index) => {
    if (name === '' ? ports.length < 2 : NAME_LABEL.test(name)) return []
    const message =
      name === '' ? 'is required when a service has several ports' : 'must be one DNS label in lower case'
    return [{ field: `spec.ports[${index}].name`, value: name, message }]
  })
}
