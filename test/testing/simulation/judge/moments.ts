import { createStore } from '../../../../src/store/index.js'
import type { Invariant, Moment, TraceStep } from '../../../../src/testing/index.js'

const store = createStore({ kinds: [] })

/** A moment of a world in which nothing but `parts` is worth a look. */
export function momentOf(
  parts: Omit<Partial<Moment>, 'step'> & { readonly step?: Partial<TraceStep> } = {},
): Moment {
  const { steps = 1, timeMs = steps } = parts
  const step: TraceStep = {
    kind: 'commit',
    actor: 'app-1',
    label: 'update App web',
    timeMs,
    isFault: false,
    ...parts.step,
  }
  return { reader: store, changes: [], outside: new Map(), ...parts, steps, timeMs, step }
}

/** A moment for each letter, in which `letterOf` says which. The world is at rest where there is a dot. */
export function told(invariant: Invariant, story: string): string | undefined {
  const monitor = invariant.begin()
  let steps = 0
  for (const letter of story) {
    if (letter !== '.') steps++
    const moment = momentOf({ steps, outside: new Map([['letter', letter]]) })
    const wrong = letter === '.' ? monitor.rest?.(moment) : monitor.step?.(moment)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** Holds while the story has one of `letters`. */
export function isOneOf(letters: string): (moment: Moment) => boolean {
  return ({ outside }) => letters.includes(String(outside.get('letter')))
}
