import type { Taint } from '../../core/index.js'
import { assertKnown, isTolerated, knownOptions } from '../../core/internal.js'
import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'

/** Options of {@link unschedulable}. */
export interface UnschedulableOptions {
  /**
   * A task that tolerates the taint of this key, effect `NoSchedule`, is still admitted. Default
   * `keelson.dev/unschedulable`.
   */
  readonly taintKey?: string
}

const CLOSED: readonly FilterReason[] = Object.freeze([
  { code: 'NodeUnschedulable', message: 'node(s) unschedulable', unresolvable: true },
])

const UNSCHEDULABLE_OPTIONS = /* @__PURE__ */ knownOptions<UnschedulableOptions>('unschedulable', {
  taintKey: true,
})

/** Keeps tasks off nodes that take no new ones. */
export function unschedulable(options: UnschedulableOptions = {}): FilterPlugin {
  assertKnown(options, UNSCHEDULABLE_OPTIONS)
  const { taintKey = 'keelson.dev/unschedulable' } = options
  const taint: Taint = { key: taintKey, effect: 'NoSchedule' }
  return {
    name: 'unschedulable',
    locality: 'static',
    reads: ['tolerations'],
    filter: (request, node) =>
      node.unschedulable && !isTolerated(taint, request.tolerations) ? CLOSED : undefined,
  }
}
