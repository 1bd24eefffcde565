import type { IdSource } from './ids.js'
import type { Host } from './system-host.js'
import { systemHost } from './system-host.js'

/** Random UUIDs (version 4). The hint is not used: such an id means the same everywhere. */
export function createSystemIds(host: Host = systemHost): IdSource {
  return { next: () => host.uuid() }
}
