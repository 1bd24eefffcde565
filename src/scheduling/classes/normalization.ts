import type { Normalization } from '../plugins/plugin.js'
import { wholePercent } from '../scores/percent.js'

/** The largest and the smallest raw score of the nodes that fit. */
export interface Extremes {
  readonly max: number
  readonly min: number
}

/** The score from 0 to 100 that a raw one comes to. */
export function normalized(raw: number, { max, min }: Extremes, how: Normalization): number {
  switch (how) {
    case 'max':
      return max <= 0 ? 0 : wholePercent(raw, max)
    case 'reverseMax':
      return max <= 0 ? 100 : 100 - wholePercent(raw, max)
    case 'minMax':
      return max === min ? 0 : wholePercent(raw - min, max - min)
    case 'reverseSum':
      return max <= 0 ? 100 : wholePercent(max + min - raw, max)
  }
}
