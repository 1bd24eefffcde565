import { formatHostPort } from '../nodes/host-ports.js'
import type { FilterPlugin } from '../plugins/plugin.js'

/** Keeps tasks off nodes where a fixed port that they want is taken. */
export function hostPorts(): FilterPlugin {
  return {
    name: 'host-ports',
    locality: 'node',
    applies: request => request.hostPorts.length > 0,
    filter(request, node) {
      if (request.hostPorts.length === 0) return undefined
      const port = node.portConflict(request.hostPorts)
      if (port === undefined) return undefined
      const message = `host port ${formatHostPort(port)} taken`
      return [{ code: 'HostPortTaken', message, unresolvable: false, params: { port: formatHostPort(port) } }]
    },
  }
}
