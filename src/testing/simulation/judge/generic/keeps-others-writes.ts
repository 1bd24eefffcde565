import { nameOf } from '../../objects/object-names.js'
import { TOUCH_ANNOTATION } from '../../objects/plain-state.js'
import { isOfProcess } from '../../world/action-of.js'
import type { Monitor } from '../invariant.js'

/** @param touched by uid: the last mark that a stranger has left */
export function keepsOthersWritesMonitor(touched: ReadonlyMap<string, string>): Monitor {
  return {
    step: ({ changes, step }) => {
      if (changes.length === 0 || !isOfProcess(step)) return undefined
      for (const { after } of changes) {
        const mark = after && touched.get(after.metadata.uid)
        if (
          after !== undefined &&
          mark !== undefined &&
          after.metadata.annotations[TOUCH_ANNOTATION] !== mark
        )
          return `a write to ${nameOf(after)} took away an annotation that somebody else had set in the meantime`
      }
      return undefined
    },
  }
}
