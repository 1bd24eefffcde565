import { deepEqual, isRecord } from '../../core/internal.js'
import { adoptJson } from './json-border.js'

/**
 * Applies a JSON Merge Patch, RFC 7396: members of objects are merged, `null` removes a member, everything else
 * replaces what is there. `document` is never changed; the result shares with it every part that the patch does not
 * touch, and is `document` itself when nothing changes.
 *
 * @throws InvalidError when the patch is not JSON (or has a key `__proto__`, or a member nests deeper than 100)
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { applyMergePatch } from 'keelson/store'
 *
 * const before = { spec: { image: 'web:1', replicas: 2 }, status: { ready: true } }
 * const after = applyMergePatch(before, { spec: { image: 'web:2', replicas: null } })
 * assert.deepEqual(after, { spec: { image: 'web:2' }, status: { ready: true } })
 * ```
 */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  return merge(
    document,
    adoptJson(patch, undefined, { subject: 'merge patch', field: 'patch', levelsAround: 1 }),
  )
}

function merge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return deepEqual(target, patch) ? target : patch
  return mergeMembers(target, patch, (_name, member, change) => merge(member, change))
}

/**
 * `target` with the members of `patch`, each as `change` makes it from the two; `null` removes one. What is no object
 * counts as an empty one.
 */
export function mergeMembers(
  target: unknown,
  patch: Readonly<Record<string, unknown>>,
  change: (name: string, member: unknown, change: unknown) => unknown,
): unknown {
  const base = isRecord(target) ? target : {}
  let result: Record<string, unknown> | undefined = base === target ? undefined : {}
  for (const key of Object.keys(patch)) {
    const known = Object.hasOwn(base, key)
    const value = patch[key]
    if (value === null) {
      if (!known) continue
      result ??= { ...base }
      delete result[key]
      continue
    }
    const merged = change(key, known ? base[key] : undefined, value)
    if (known && merged === base[key]) continue
    result ??= { ...base }
    result[key] = merged
  }
  return result ?? base
}
