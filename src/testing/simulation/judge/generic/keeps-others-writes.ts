import { nameOf } from '../../objects/object-names.js'
import { TOUCH_ANNOTATION } from '../../objects/plain-state.js'
import { USER_FINALIZER } from '../../objects/text-edits.js'
import { isOfProcess } from '../../world/action-of.js'
import type { Monitor } from '../invariant.js'

/** What others have written. */
export interface OthersWrites {
  /** By uid: the last mark that a stranger has left. */
  readonly touched: ReadonlyMap<string, string>
  /** Uids of objects that the user holds with a finalizer. */
  readonly held: ReadonlySet<string>
}

export function keepsOthersWritesMonitor({ touched, held }: OthersWrites): Monitor {
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
        if (
          after !== undefined &&
          held.has(after.metadata.uid) &&
          !after.metadata.finalizers.includes(USER_FINALIZER)
        )
          return `a write to ${nameOf(after)} took away the finalizer ${USER_FINALIZER}, which is not its own`
      }
      return undefined
    },
  }
}
