import { expect } from 'vitest'
import type { ApplyConflict } from '../../src/store/apply/apply-conflict-error.js'
import { parseFields } from '../../src/store/apply/field-text.js'
import type { Kind, Store, StoredObject } from '../../src/store/index.js'
import { kindOf } from '../fixtures/kinds.js'

/** The bare typed values of the cases are specs of this kind. */
export const Document: Kind = kindOf('Document', {
  namespaced: false,
  mergeTypes: {
    'spec.sel': 'atomic',
    'spec.items': { keys: ['name'] },
    'spec.fin': 'set',
    'spec.args': 'atomic',
  },
})

const ref = { name: 'document' }

/** A step of the area apply: `apply` by a manager, or `replaceAs`, an ordinary update by one. */
export interface ApplyStep {
  readonly op: string
  readonly manager?: string
  readonly obj?: unknown
  readonly force?: boolean
  readonly adopt?: readonly string[]
}

/** What such a step leaves behind. */
export interface ApplyOutcome {
  readonly obj: unknown
  /** Paths by manager, in whatever role. */
  readonly managers: Readonly<Record<string, readonly string[]>>
}

/** Runs the step on the one document of the store. */
export async function runApplyStep(store: Store, step: ApplyStep): Promise<ApplyOutcome> {
  const { op, manager = '', obj: spec, force = false, adopt = [] } = step
  if (op === 'apply') {
    const options = { type: 'apply', fieldManager: manager, force, adopt } as const
    return outcomeOf(await store.patch(Document, ref, { spec } as object, options))
  }
  const object = { metadata: ref, spec }
  const options = { fieldManager: manager, unconditional: true }
  const missing = store.get(Document, ref) === undefined
  return outcomeOf(
    missing ? await store.create(Document, object, options) : await store.update(Document, object, options),
  )
}

function outcomeOf({ spec, metadata: { managedFields = [] } }: StoredObject): ApplyOutcome {
  const managers: Record<string, string[]> = {}
  for (const { manager, fields } of managedFields) {
    const paths = [...parseFields(fields)].map(inSpec)
    managers[manager] = [...new Set([...(managers[manager] ?? []), ...paths])].sort()
  }
  return { obj: spec, managers }
}

/** Compares the conflicts of a failure with those of a case, in any order. */
export function assertConflicts(failure: unknown, expected: unknown): void {
  const { conflicts = [] } = (failure ?? {}) as { readonly conflicts?: readonly ApplyConflict[] }
  const found = conflicts.map(({ manager, path }) => ({ manager, path: inSpec(`.${path}`) }))
  expect(found).toHaveLength((expected as readonly unknown[]).length)
  expect(found).toEqual(expect.arrayContaining(expected as unknown[]))
}

function inSpec(path: string): string {
  return path.replace(/^\.spec/, '')
}
