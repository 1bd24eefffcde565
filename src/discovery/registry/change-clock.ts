import type { MapName, Written } from './registry-snapshot.js'

const MAP_NAMES: readonly MapName[] = [
  'services',
  'vips',
  'endpointAddresses',
  'namespaces',
  'declaredNamespaces',
  'aliases',
  'hosts',
  'hostAddresses',
]

/** Parts that keys fall into, of all maps together. A power of two. */
const KEY_PARTS = 4096
/** The part that changes with everything. */
export const REVISION_PART: number = KEY_PARTS + MAP_NAMES.length
/** Spreads the keys of one map away from those of another. */
const STEP = 0x9e3779b1

/** The part of a snapshot that a key of a map is in. Others are in it, too, so what is read there may seem changed. */
export function keyPart(map: MapName, hash: number): number {
  return (hash + Math.imul(MAP_NAMES.indexOf(map), STEP)) & (KEY_PARTS - 1)
}

/** The part that changes with anything in the map. */
export function mapPart(map: MapName): number {
  return KEY_PARTS + MAP_NAMES.indexOf(map)
}

/**
 * Which parts of a registry have changed since when, counted in calls of `apply`. What was read of it holds while its
 * parts have not changed, which costs one number each to know, whatever the size.
 */
export class ChangeClock {
  readonly #changedAt = new Float64Array(REVISION_PART + 1)
  /** To be given to what makes the next snapshot. */
  readonly written: Written
  #now = 0

  constructor() {
    const writer = (map: MapName): ((hash: number) => void) => {
      const whole = mapPart(map)
      return hash => {
        this.#changedAt[keyPart(map, hash)] = this.#now + 1
        this.#changedAt[whole] = this.#now + 1
      }
    }
    this.written = Object.fromEntries(MAP_NAMES.map(map => [map, writer(map)])) as Written
  }

  get now(): number {
    return this.#now
  }

  /** What was written is there. */
  tick(): void {
    this.#now++
    this.#changedAt[REVISION_PART] = this.#now
  }

  changedAt(part: number): number {
    return this.#changedAt[part] as number
  }
}
