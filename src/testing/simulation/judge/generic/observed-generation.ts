import type { ObjectChange, StoredObject } from '../../../../store/index.js'
import { nameOf } from '../../objects/object-names.js'
import { isOfProcess } from '../../world/action-of.js'
import type { Monitor } from '../invariant.js'

/** `observedGeneration`, of objects of which the code under test writes it. */
export function observedGenerationMonitor(): Monitor {
  /** By uid, as they are now. */
  const reporting = new Map<string, StoredObject>()
  const note = (change: ObjectChange, isOwn: boolean): string | undefined => {
    const { before, after } = change
    const uid = (after ?? before)?.metadata.uid ?? ''
    if (after === undefined) reporting.delete(uid)
    else if (reporting.has(uid) || (isOwn && observed(after) !== (before && observed(before))))
      reporting.set(uid, after)
    return isOwn ? observedWrongly(change) : undefined
  }
  return {
    step: ({ changes, step }) => {
      for (const change of changes) {
        const wrong = note(change, isOfProcess(step))
        if (wrong !== undefined) return wrong
      }
      return undefined
    },
    rest: () => {
      for (const object of reporting.values()) {
        const { generation } = object.metadata
        if (observed(object) !== generation)
          return `${nameOf(object)} is at rest with observedGeneration ${observed(object)}, and its generation is ${generation}`
      }
      return undefined
    },
  }
}

function observedWrongly({ before, after }: ObjectChange): string | undefined {
  const value = after && observed(after)
  if (after === undefined || value === undefined) return undefined
  const { generation } = after.metadata
  const last = before && observed(before)
  if (value <= generation && (last === undefined || value >= last)) return undefined
  const what = value > generation ? `above its generation ${generation}` : `back from ${last}`
  return `${nameOf(after)} has observedGeneration ${value}, ${what}`
}

function observed({ status }: StoredObject): number | undefined {
  const value = (status as { readonly observedGeneration?: unknown } | undefined)?.observedGeneration
  return typeof value === 'number' ? value : undefined
}
