/** A volume as a node has it attached. */
export interface AttachedVolume {
  readonly name: string
  readonly driver?: string | undefined
}

/** The volumes attached to one node, each for as long as some task there has it. */
export class AttachedVolumes {
  readonly #users = new Map<string, number>()
  readonly #byDriver = new Map<string, number>()

  has(volume: AttachedVolume): boolean {
    return this.#users.has(keyOf(volume))
  }

  /** How many volumes of a driver there are. */
  countOf(driver: string): number {
    return this.#byDriver.get(driver) ?? 0
  }

  count(volumes: readonly AttachedVolume[], by: 1 | -1): void {
    for (const volume of volumes) {
      const key = keyOf(volume)
      const before = this.#users.get(key) ?? 0
      const users = before + by
      if (users === 0) this.#users.delete(key)
      else this.#users.set(key, users)
      if (volume.driver !== undefined && before * users === 0)
        this.#byDriver.set(volume.driver, this.countOf(volume.driver) + by)
    }
  }
}

function keyOf({ name, driver = '' }: AttachedVolume): string {
  return `${driver} ${name}`
}
