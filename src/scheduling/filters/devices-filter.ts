import type { FilterPlugin } from '../plugins/plugin.js'
import { chooseDevices } from '../requests/device-request.js'
import { shortage } from './resources-fit-filter.js'

/** Keeps tasks off nodes that have too few free devices of the kinds, and with the attributes, that they ask for. */
export function devices(): FilterPlugin {
  return {
    name: 'devices',
    locality: 'node',
    applies: request => request.devices.length > 0,
    filter(request, node) {
      const own = node.devices
      if (chooseDevices(request.devices, own) !== undefined) return undefined
      const kinds = [...new Set(request.devices.map(({ kind }) => kind))].sort()
      // Of what is short as an amount already, there is no more to say.
      const short = request.demands.flatMap(demand =>
        kinds.includes(demand.resource) ? (shortage(demand, node) ?? []) : [],
      )
      if (short.length > 0) return short
      const all = own.map(({ device }) => ({ device, free: 1 }))
      return [
        {
          code: 'InsufficientDevices',
          message: `Insufficient devices ${kinds.join(', ')}`,
          unresolvable: chooseDevices(request.devices, all) === undefined,
          params: { kinds: kinds.join(', ') },
        },
      ]
    },
  }
}
