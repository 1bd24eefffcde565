import type { Kind } from '../../../store/index.js'
import type { SimulateOptions } from '../setup/simulate-options.js'
import { shortHash } from './replay-text.js'

/** Options that say how much is looked at, and not at what. */
const ASIDE: ReadonlySet<string> = new Set([
  'executions',
  'executionsMax',
  'deviationsMax',
  'depth',
  'mode',
  'seed',
  'replay',
  'stepTimeoutMs',
  'timeMs',
  'workers',
  'progress',
])

/** Options that make the world what it is. */
export function worldOptions(options: SimulateOptions): readonly (readonly [name: string, value: unknown])[] {
  return Object.entries(options).filter(([name, value]) => !ASIDE.has(name) && value !== undefined)
}

/**
 * A short hash of what a check looks at: its kinds, objects and other options, whatever their order. Functions count by
 * being there, so that it is the same after they were corrected.
 */
export function optionsHash(options: SimulateOptions): string {
  return shortHash(
    Object.fromEntries(worldOptions(options).map(([name, value]) => [name, plain(name, value)])),
  )
}

function plain(name: string, value: unknown): unknown {
  if (name === 'kinds')
    return (value as readonly Kind[]).map(({ apiVersion, kind }) => `${apiVersion} ${kind}`)
  return readable(value)
}

function readable(value: unknown): unknown {
  if (typeof value === 'function') return 'function'
  if (typeof value === 'number' && !Number.isFinite(value)) return String(value)
  if (typeof value !== 'object' || value === null) return value ?? null
  if (Array.isArray(value)) return value.map(readable)
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]))
}
