import type { FilterPlugin } from '../plugins/plugin.js'
import { chooseDevices } from '../requests/device-request.js'

/** Keeps tasks off nodes that have too few free devices of the kinds, and with the attributes, that they ask for. */
export function devices(): FilterPlugin {
  return {
    name: 'devices',
    locality: 'node',
    applies: request => request.devices.length > 0,
    filter(request, node) {
      const own = node.devices
      if (
        chooseDevices(
          request.devices,
          own.filter(({ isHeld }) => !isHeld).map(({ device }) => device),
        ) !== undefined
      )
        return undefined
      const all = own.map(({ device }) => device)
      const unresolvable = chooseDevices(request.devices, all) === undefined
      const kinds = [...new Set(request.devices.map(({ kind }) => kind))].sort().join(', ')
      return [
        {
          code: 'InsufficientDevices',
          message: `Insufficient devices ${kinds}`,
          unresolvable,
          params: { kinds },
        },
      ]
    },
  }
}
