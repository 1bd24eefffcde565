import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'
import { canonicalArch } from '../requests/platform.js'

const OTHER: readonly FilterReason[] = Object.freeze([
  { code: 'PlatformMismatch', message: 'node(s) of another platform', unresolvable: true },
])

/**
 * Keeps tasks to nodes of a platform that they run on. A node says its own by the attributes or labels `os` and `arch`,
 * or those of Kubernetes, `kubernetes.io/os` and `kubernetes.io/arch`; one that says nothing will do.
 */
export function platform(): FilterPlugin {
  return {
    name: 'platform',
    locality: 'static',
    reads: ['platforms'],
    selecting: true,
    applies: request => request.platforms.length > 0,
    filter({ platforms }, { attributes }) {
      const os = attributes['os'] ?? attributes['kubernetes.io/os']
      const arch = attributes['arch'] ?? attributes['kubernetes.io/arch']
      const fits = platforms.some(
        wanted =>
          (wanted.os === undefined || os === undefined || wanted.os === String(os)) &&
          (wanted.arch === undefined ||
            arch === undefined ||
            canonicalArch(wanted.arch) === canonicalArch(String(arch))),
      )
      return fits ? undefined : OTHER
    },
  }
}
