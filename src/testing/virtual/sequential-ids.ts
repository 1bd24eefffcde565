import type { IdSource } from '../../core/index.js'

/** Ids that read well and repeat: `task-1`, `task-2`, `node-1`; `id-1` without a hint. */
export function createSequentialIds(): IdSource {
  const last = new Map<string, number>()
  return {
    next: (hint = 'id') => {
      const number = (last.get(hint) ?? 0) + 1
      last.set(hint, number)
      return `${hint}-${number}`
    },
  }
}
