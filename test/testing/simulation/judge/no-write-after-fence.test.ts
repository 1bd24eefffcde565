import { expect, test } from 'vitest'
import type { StoredObject } from '../../../../src/store/index.js'
import type { StepView } from '../../../../src/testing/index.js'
import { noWriteAfterFenceMonitor } from '../../../../src/testing/simulation/judge/generic/forbidden-writes.js'
import { viewAfter } from './step-views.js'

function objectOf(key: string): StoredObject {
  const [kind = '', name = ''] = key.split('/')
  return { kind, metadata: { name } } as StoredObject
}

/** A commit to `key`, under fences or none. */
function commit(actor: string, key: string, ...fences: readonly string[]): StepView {
  return viewAfter({
    step: { actor, label: `write ${key}` },
    about: { kind: 'commit', label: '', reads: [...fences, key], writes: [key] },
    changes: [{ before: undefined, after: objectOf(key) }],
  })
}

/** The transaction in which a process takes the fence. */
function taking(actor: string): StepView {
  return viewAfter({ step: { actor }, changes: [{ before: undefined, after: objectOf('Term/web') }] })
}

const led = [taking('app-1'), commit('app-1', 'App/a', 'Term/web')]

test.each([
  ['under the fence', [...led, commit('app-1', 'App/b', 'Term/web')], false],
  ['beside it, while the process leads', [...led, commit('app-1', 'App/b')], false],
  ['beside it, after another has taken it', [...led, taking('app-2'), commit('app-1', 'App/b')], true],
  [
    'of another kind, after another has taken it',
    [...led, taking('app-2'), commit('app-1', 'Event/b')],
    false,
  ],
  ['of a process that never led', [...led, commit('app-2', 'App/b')], false],
  [
    'after the fence was taken back',
    [...led, taking('app-2'), taking('app-1'), commit('app-1', 'App/b')],
    false,
  ],
  ['to the objects of the election', [...led, taking('app-2'), commit('app-1', 'Term/web')], false],
])('a write %s', (_what, moments, isFound) => {
  const { step } = noWriteAfterFenceMonitor()
  const said = moments.map(view => step?.(view)).filter(text => text !== undefined)
  expect(said).toEqual(
    isFound ? ["app-1 writes without the fence Term/web, which is app-2's now: write App/b"] : [],
  )
})
