import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'

const MISMATCH: readonly FilterReason[] = Object.freeze([
  { code: 'NodeSelectorMismatch', message: 'node(s) outside the node selector', unresolvable: true },
])

/** Keeps tasks to the nodes that their node selector selects. */
export function nodeSelector(): FilterPlugin {
  return {
    name: 'node-selector',
    locality: 'static',
    reads: ['nodeSelector'],
    selecting: true,
    applies: request => request.selects !== undefined,
    filter: (request, node) =>
      request.selects === undefined || request.selects(node) ? undefined : MISMATCH,
  }
}
