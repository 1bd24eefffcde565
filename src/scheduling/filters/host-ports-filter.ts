import type { HostPort } from '../nodes/host-ports.js'
import { formatHostPort, givePorts } from '../nodes/host-ports.js'
import type { NodeView } from '../nodes/node-view.js'
import type { FilterPlugin, FilterReason } from '../plugins/plugin.js'
import type { PreparedRequest } from '../requests/placement-request.js'

/** Keeps tasks off nodes where a fixed port that they want is taken, or none is left of a range that they want one of. */
export function hostPorts(): FilterPlugin {
  return {
    name: 'host-ports',
    locality: 'node',
    applies: ({ hostPorts, dynamicPorts }) => hostPorts.length + dynamicPorts.length > 0,
    filter(request, node) {
      const port = node.portConflict(request.hostPorts)
      if (port === undefined) return outOfPorts(request, node)
      return [portTaken(port, node)]
    },
  }
}

function portTaken(wanted: HostPort, node: NodeView): FilterReason {
  const port = formatHostPort(wanted)
  const { name, isReserved } = node.portHolder(wanted) ?? { name: '', isReserved: false }
  const params = name === '' ? { port } : { port, holder: name }
  const message = `host port ${port} ${isReserved ? 'reserved' : 'taken'}`
  return { code: 'HostPortTaken', message, unresolvable: false, params }
}

function outOfPorts(
  { hostPorts, dynamicPorts }: PreparedRequest,
  node: NodeView,
): readonly FilterReason[] | undefined {
  if (dynamicPorts.length === 0) return undefined
  const given = givePorts([...hostPorts, ...dynamicPorts], port => node.portConflict([port]) !== undefined)
  if (given !== undefined) return undefined
  const ranges = [...new Set(dynamicPorts.map(({ range = [] }) => range.join('-')))].join(', ')
  const message = `no host port left in ${ranges}`
  return [{ code: 'HostPortsExhausted', message, unresolvable: false, params: { ranges } }]
}
