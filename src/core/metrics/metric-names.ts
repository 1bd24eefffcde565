import { InvalidError } from '../errors.js'
import type { MetricKind } from './metrics.js'

const CHARACTERS = /^[A-Za-z_][A-Za-z0-9_:.\-/]*$/
const UNIT_PATTERN = /^[A-Za-z0-9_]+$/

/**
 * The OpenMetrics family name: characters that it does not allow become `_`, the unit is the last word, and a
 * counter's `_total` belongs to the sample, not to the family.
 *
 * @throws InvalidError when the name or unit cannot be turned into one
 */
export function familyName(name: string, kind: MetricKind, unit?: string): string {
  if (!CHARACTERS.test(name))
    throw invalid('name', name, 'must start with a letter or _ and hold letters, digits and _:.-/ only')
  if (unit !== undefined && !UNIT_PATTERN.test(unit))
    throw invalid('unit', unit, 'must hold letters, digits and _ only')
  let family = name.replaceAll(/[.\-/]/g, '_')
  if (kind === 'counter' && family.endsWith('_total')) family = family.slice(0, -'_total'.length)
  return unit === undefined || family.endsWith(`_${unit}`) ? family : `${family}_${unit}`
}

/** Every name that the samples of a family occupy. */
export function sampleNames(family: string, kind: MetricKind): readonly string[] {
  if (kind === 'counter') return [family, `${family}_total`]
  if (kind === 'gauge') return [family]
  return [family, `${family}_bucket`, `${family}_count`, `${family}_sum`]
}

function invalid(field: string, value: string, message: string): InvalidError {
  return new InvalidError('metric', [{ field, value, message }])
}
