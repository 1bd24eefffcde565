/** Devices by kind: so many of it, these very ones, or one. */
interface DeviceCount {
  readonly kind: string
  readonly count?: number
  readonly ids?: readonly string[]
}

/** How many devices of each kind that is, as amounts: what is asked for, had or kept of devices counts as a resource. */
export function deviceAmounts(devices: readonly DeviceCount[] = []): Readonly<Record<string, number>> {
  const amounts: Record<string, number> = {}
  for (const { kind, ids, count = ids?.length ?? 1 } of devices) amounts[kind] = (amounts[kind] ?? 0) + count
  return amounts
}
