import type { Kind, Reader, StoredObject } from '../../../src/store/index.js'
import type { Invariant, StepView } from '../../../src/testing/index.js'
import { always, atRest } from '../../../src/testing/index.js'
import type { Law, RevisionView, SeenChange } from '../../simulation/fixtures/revision-view.js'

/** What one step changed; `now` is absent for an object that is gone. A namesake with another uid is another object. */
export interface Change<Spec, Status> {
  readonly before: StoredObject<Spec, Status> | undefined
  readonly now: StoredObject<Spec, Status> | undefined
}

/** Holds for every change of an object of that kind. The reader of the view shows everything right after it. */
export function onChange<Spec, Status>(
  name: string,
  kind: Kind<Spec, Status>,
  holds: (change: Change<Spec, Status>, view: StepView) => boolean,
): Invariant {
  return always(name, view =>
    view.changes.every(({ before, after }) => {
      const isOfKind = (after ?? before)?.kind === kind.kind
      return !isOfKind || holds({ before, now: after } as Change<Spec, Status>, view)
    }),
  )
}

/** Holds of everything that was committed, whenever the world is at rest with the objects as given. */
export function whenAtRest(name: string, holds: (reader: Reader) => boolean): Invariant {
  return atRest(name, ({ reader }) => holds(reader))
}

const START_MS = Date.UTC(2026, 0, 1)

/** A law of `test/simulation`, which looks at one revision after the other. */
export function keeps(name: string, makeLaw: () => Law): Invariant {
  return {
    name,
    begin: () => {
      const law = makeLaw()
      return { step: view => (view.changes.length === 0 ? undefined : law(viewOf(view))[0]) }
    },
  }
}

function viewOf({ reader, changes, timeMs, step }: StepView): RevisionView {
  const seen = changes.map(
    ({ before, after }): SeenChange => ({ kind: (after ?? before)?.kind ?? '', before, now: after }),
  )
  return {
    revision: reader.revision,
    atMs: START_MS + timeMs,
    changes: seen,
    foreign: !step.actor.startsWith('app-'),
    all: kind => reader.list(kind).items,
    changed: kind => seen.filter(change => change.kind === kind.kind) as never,
  }
}
