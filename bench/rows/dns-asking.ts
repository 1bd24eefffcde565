import type { Registry } from 'keelson/discovery'
import { changeAnother, endpointsOf, headlessRegistryOf, nameOf, registryOf } from './dns-registry.js'

/** What is asked for: names that are there as they are written, one address each and nothing changing, unless it says so. */
export interface Asking {
  readonly spelling?: 'random'
  readonly missing?: boolean
  readonly changing?: boolean
  readonly endpoints?: number
}

/** A registry and the names that it is asked for. */
export interface Asked {
  readonly registry: Registry
  readonly names: readonly string[]
  /** To be called now and then. */
  change(): void
}

/** So many services, and so many questions. */
export function askedOf(
  size: number,
  questions: number,
  { spelling, missing = false, changing = false, endpoints = 0 }: Asking,
): Asked {
  const registry =
    endpoints === 0
      ? registryOf(size)
      : headlessRegistryOf(Array.from({ length: size }, (_, service) => endpointsOf(service, endpoints)))
  const spelled = (name: string): string =>
    spelling === undefined
      ? name
      : name.replaceAll(/[a-z]/g, letter => (Math.random() < 0.5 ? letter : letter.toUpperCase()))
  const names = Array.from({ length: questions }, (_, i) =>
    missing ? `x${i}y${size}.prod.svc.cluster.local.` : spelled(nameOf(i % size)),
  )
  return { registry, names, change: changing ? () => changeAnother(registry) : () => undefined }
}
