import { expect } from 'vitest'
import type { ZoneState } from '../../src/workloads/zone-disruption.js'
import { defaultEvictionRates, evictionRate, zoneState } from '../../src/workloads/zone-disruption.js'

interface ZoneCase {
  readonly rows: readonly { readonly ready: number; readonly notReady: number; readonly expect: ZoneState }[]
  readonly evictionQps: readonly {
    readonly state: string
    readonly zoneSize?: number
    readonly expect: number
  }[]
}

export function judgeZones(example: unknown): void {
  const { rows, evictionQps } = example as ZoneCase
  for (const row of rows) expect(zoneState(row.ready, row.notReady)).toBe(row.expect)
  // When no node is heard of, no rate is asked for: that is decided before, and tested with the controller.
  for (const { state, zoneSize = 1, expect: perSecond } of evictionQps)
    if (!state.startsWith('all'))
      expect(evictionRate(state as ZoneState, zoneSize, defaultEvictionRates)).toBe(perSecond)
}
