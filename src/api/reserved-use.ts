import type { ResourceVector } from '../core/index.js'
import { isKeelsonError, parseResources } from '../core/index.js'
import { isRecord } from '../core/internal.js'
import type { Task } from './task.js'

/** The annotation of a task that a pool of offers launched: the chunks that it takes of its node, as JSON. */
export const TAKE_ANNOTATION = 'keelson.dev/take'

/** What a task uses of the parts of its node that are reserved for roles, in base units; what cannot be read is nothing. */
export function reservedUse({ metadata }: Task): ResourceVector {
  const text = metadata.annotations[TAKE_ANNOTATION]
  if (text === undefined) return NOTHING
  const used: Record<string, number> = {}
  for (const chunk of chunksOf(text)) {
    if (!isRecord(chunk)) continue
    const { name, value, reservations } = chunk
    const isReserved = Array.isArray(reservations) && reservations.length > 0
    if (isReserved && typeof name === 'string' && typeof value === 'number')
      used[name] = (used[name] ?? 0) + value
  }
  try {
    return parseResources(used)
  } catch (error) {
    if (isKeelsonError(error, 'Invalid', 'OutOfRange')) return NOTHING
    throw error
  }
}

const NOTHING: ResourceVector = Object.freeze({})

function chunksOf(text: string): readonly unknown[] {
  try {
    const chunks: unknown = JSON.parse(text)
    return Array.isArray(chunks) ? chunks : []
  } catch {
    return []
  }
}
