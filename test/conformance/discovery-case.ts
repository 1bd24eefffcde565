/** One case of the file; what `input` and `expect` hold depends on area and kind. */
export interface Case {
  readonly id: string
  readonly area: string
  readonly kind: string
  readonly given?: string
  readonly note?: string
  readonly input: unknown
  readonly expect: unknown
}

interface FixtureEndpoint {
  readonly ip: string
  readonly hostname?: string
  readonly ready?: boolean
  readonly podReady?: boolean
}

interface FixtureService {
  readonly name: string
  readonly ns: string
  readonly clusterIPs?: readonly string[]
  readonly externalName?: string
  readonly publishNotReadyAddresses?: boolean
  readonly ports?: readonly { name: string; port: number; protocol: 'TCP' | 'UDP'; targetPort?: number }[]
  readonly endpoints?: readonly FixtureEndpoint[]
}

export interface KubernetesFixture {
  readonly zone: string
  readonly ttl: number
  readonly namespaces: readonly string[]
  readonly services: readonly FixtureService[]
}

export type Runner = (example: Case) => void

/** What a case exercises, told from its shape and its `given`: finer than area and kind, coarser than one case. */
export function operationOf({ area, kind, given = '', input }: Case): string {
  const first: unknown = Array.isArray(input) ? input[0] : undefined
  switch (`${area} ${kind}`) {
    case 'ipam function':
      return Array.isArray(first) ? 'ipam named addresses' : 'ipam bands'
    case 'ipam trace':
      return given.includes('per protocol') ? 'ipam ports' : 'ipam addresses'
    case 'health trace':
      return typeof first === 'object' && first !== null && 'host' in first
        ? 'health outliers'
        : 'health machine'
    default:
      return `${area} ${kind}`
  }
}
