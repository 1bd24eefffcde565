import { fromThousandths, resourceUnit, toThousandths } from '../core/internal.js'

/** Devices by kind: so many of it, these very ones, or one; all of each, or a share. */
interface DeviceCount {
  readonly kind: string
  readonly count?: number
  readonly ids?: readonly string[]
  readonly share?: number
}

/**
 * How many devices of each kind that is, as amounts: what is asked for, had or kept of devices counts as a resource. Shares
 * do where amounts of the kind have thousandths; elsewhere only the devices themselves say how much of them is left.
 */
export function deviceAmounts(devices: readonly DeviceCount[] = []): Readonly<Record<string, number>> {
  const amounts: Record<string, number> = {}
  for (const { kind, ids, count = ids?.length ?? 1, share = 1 } of devices) {
    if (share < 1 && resourceUnit(kind) !== 'milli') continue
    amounts[kind] = fromThousandths(toThousandths(amounts[kind] ?? 0) + count * toThousandths(share))
  }
  return amounts
}
