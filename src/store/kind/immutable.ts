import type { FieldProblem } from '../../core/index.js'
import type { Kind } from './kind.js'

const NONE: readonly FieldProblem[] = /* @__PURE__ */ Object.freeze([])

/** Faults of a change to what the kind declares immutable. Equal parts of two versions are the same objects. */
export function immutableProblems(kind: Kind, before: unknown, after: unknown): readonly FieldProblem[] {
  if (before === after || kind.immutable.length === 0) return NONE
  const message = `cannot be changed once the ${kind.kind} exists; delete it and create another one`
  return kind.immutable
    .filter(path => valueAt(before, path) !== valueAt(after, path))
    .map(path => ({ field: path, value: valueAt(after, path), message }))
}

/** What `spec` has at a path that starts with `spec`. */
function valueAt(spec: unknown, path: string): unknown {
  let value = spec
  for (const part of path.split('.').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined
    value = (value as Readonly<Record<string, unknown>>)[part]
  }
  return value
}
