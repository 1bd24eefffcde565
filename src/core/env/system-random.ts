import type { Random } from './random.js'
import { randomFromWords } from './seeded-random.js'
import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'

/** A generator seeded by the host at its first use. Good for jitter and tie-breaks, not for secrets. */
export function createSystemRandom(host: Host = systemHost): Random {
  let seeded: Random | undefined
  const source = (): Random => {
    if (seeded === undefined) {
      const words = new Uint32Array(4)
      host.randomWords(words)
      seeded = randomFromWords(words)
    }
    return seeded
  }
  return { next: () => source().next(), fork: label => source().fork(label) }
}
