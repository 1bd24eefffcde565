import type { ClientWrite, ObjectChange, StoredObject } from '../../../../store/index.js'
import { tapWrites } from '../../../../store/index.js'
import { nameOf } from '../../objects/object-names.js'
import { isOfProcess } from '../../world/action-of.js'
import type { Monitor } from '../invariant.js'

/**
 * `observedGeneration`, of objects of which the code under test writes it. It must be one whose spec the writer could
 * have seen: that of the draft is another than the one that was acted on when the spec has changed since the write was
 * asked for, unless the recipe looks at the spec itself.
 */
export function observedGenerationMonitor(): Monitor {
  /** By uid, as they are now. */
  const reporting = new Map<string, StoredObject>()
  /** Of the present step, by uid: the newest generation that the writer of a recipe can have seen the spec of. */
  const seen = new Map<string, number>()
  const note = (change: ObjectChange, isOwn: boolean): string | undefined => {
    const { before, after } = change
    const uid = (after ?? before)?.metadata.uid ?? ''
    if (after === undefined) reporting.delete(uid)
    else if (reporting.has(uid) || (isOwn && observed(after) !== (before && observed(before))))
      reporting.set(uid, after)
    return isOwn ? (observedWrongly(change) ?? observedUnseen(change, seen.get(uid))) : undefined
  }
  return {
    client: client =>
      tapWrites(client, (write, next) => {
        if (!('recipe' in write)) return next(write)
        const known = client.get(write.kind, write.ref)?.metadata
        return next(
          withSeenDraft(write, ({ uid, generation }, isSpecRead) => {
            if (uid === known?.uid) seen.set(uid, isSpecRead ? generation : known.generation)
          }),
        )
      }),
    step: ({ changes, step }) => {
      for (const change of changes) {
        const wrong = note(change, isOfProcess(step))
        if (wrong !== undefined) return wrong
      }
      if (seen.size > 0) seen.clear()
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

function observedUnseen({ before, after }: ObjectChange, seen: number | undefined): string | undefined {
  const value = after && observed(after)
  if (after === undefined || value === undefined || seen === undefined || value <= seen) return undefined
  if (value === (before && observed(before))) return undefined
  return `${nameOf(after)} has observedGeneration ${value}, that of the draft; when the write was asked for, its spec had generation ${seen}: write the generation that was acted on`
}

/** The same write; `drafted` hears of each draft that its recipe has worked on, and whether it looked at the spec. */
function withSeenDraft(
  write: Extract<ClientWrite, { readonly recipe: unknown }>,
  drafted: (draft: StoredObject['metadata'], isSpecRead: boolean) => void,
): ClientWrite {
  const recipe: typeof write.recipe = draft => {
    let isSpecRead = false
    const watched = new Proxy(draft, {
      get: (target, member) => {
        if (member === 'spec') isSpecRead = true
        return Reflect.get(target, member)
      },
    })
    const answer = write.recipe(watched)
    drafted(draft.metadata, isSpecRead)
    return answer
  }
  return { ...write, recipe }
}

function observed({ status }: StoredObject): number | undefined {
  const value = (status as { readonly observedGeneration?: unknown } | undefined)?.observedGeneration
  return typeof value === 'number' ? value : undefined
}
