import { createStore } from '../../../../src/store/index.js'
import type { Invariant, StepView, TraceStep } from '../../../../src/testing/index.js'

const store = createStore({ kinds: [] })

/** A step of a world in which nothing but `parts` is worth a look. */
export function viewAfter(
  parts: Omit<Partial<StepView>, 'step'> & { readonly step?: Partial<TraceStep> } = {},
): StepView {
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

/** A step for each letter, in which `letterOf` says which. The world is at rest where there is a dot. */
export function told(invariant: Invariant, story: string): string | undefined {
  const monitor = invariant.begin()
  let steps = 0
  for (const letter of story) {
    if (letter !== '.') steps++
    const view = viewAfter({ steps, outside: new Map([['letter', letter]]) })
    const wrong = letter === '.' ? monitor.rest?.(view) : monitor.step?.(view)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

/** Holds while the story has one of `letters`. */
export function isOneOf(letters: string): (view: StepView) => boolean {
  return ({ outside }) => letters.includes(String(outside.get('letter')))
}
