import { isKeelsonError } from '../../core/index.js'
import type { Kind } from '../kind/kind.js'
import type { Reader } from './reader.js'

/** Whether the store was made with the kind: reading any other is refused. */
export function knowsKind(reader: Pick<Reader, 'get'>, kind: Kind): boolean {
  try {
    reader.get(kind, kind.namespaced ? { namespace: 'default', name: 'any' } : { name: 'any' })
    return true
  } catch (error) {
    if (isKeelsonError(error, 'Usage')) return false
    throw error
  }
}
