import { UsageError } from '../../core/index.js'
import type { StoreAdmissionHook } from '../kind/admission.js'
import { admissionChain } from '../kind/admission-chain.js'
import type { Kind } from '../kind/kind.js'
import { KindTable } from './kind-table.js'

/** The tables of a store's kinds. */
export interface KindTables {
  readonly all: readonly KindTable[]
  /** @throws UsageError for a kind that the store was not made with */
  of(kind: Kind): KindTable
  /** The kind of that name in that version, or else in another version of the same group. */
  named(apiVersion: string, kind: string): KindTable | undefined
}

/**
 * One table per kind. A handle is found by identity; a second handle of the same apiVersion and kind, as two
 * copies of a package make them, leads to the same table.
 *
 * @throws UsageError when two of `kinds` have the same apiVersion and kind, or a hook could never work
 */
export function kindTables(kinds: readonly Kind[], admission: readonly StoreAdmissionHook[]): KindTables {
  const byHandle = new Map<Kind, KindTable>()
  const byName = new Map<string, KindTable>()
  const byGroup = new Map<string, KindTable>()
  if (!Array.isArray(kinds))
    throw new UsageError(
      `kinds must be a list of the handles that defineKind gave, not ${describeValue(kinds)}`,
      {
        option: 'kinds',
      },
    )
  // By index: a list may have holes.
  for (const [index, kind] of kinds.entries()) {
    assertHandle(kind, index)
    if (byHandle.has(kind)) continue
    if (byName.has(kindText(kind))) {
      throw new UsageError(`kind ${kindText(kind)} is declared twice; declare it once and share the handle`, {
        kind: kind.kind,
      })
    }
    const table = new KindTable(kind, admissionChain(kind, admission))
    byHandle.set(kind, table)
    byName.set(kindText(kind), table)
    byGroup.set(nameInGroup(kind), table)
  }
  // Most calls are about the kind of the call before.
  let last: KindTable | undefined
  let lastHandle: Kind | undefined
  let lastNamed: KindTable | undefined
  const tables: KindTables = {
    all: [...byName.values()],
    named: (apiVersion, kind) => {
      if (lastNamed?.kind.kind === kind && lastNamed.kind.apiVersion === apiVersion) return lastNamed
      lastNamed = byName.get(kindText({ apiVersion, kind })) ?? byGroup.get(nameInGroup({ apiVersion, kind }))
      return lastNamed
    },
    of: kind => {
      if (last !== undefined && kind === lastHandle) return last
      last = byHandle.get(kind) ?? byName.get(kindText(kind))
      lastHandle = kind
      if (last === undefined) throw unknownKind(kind)
      return last
    },
  }
  // A hook for a kind that is not there would never be asked.
  for (const { kinds: meant = [] } of admission) for (const kind of meant) tables.of(kind)
  return tables
}

function unknownKind(kind: Kind): UsageError {
  if (!isHandle(kind))
    return new UsageError(`${describeValue(kind)} is no kind; pass the handle that defineKind gave`, { kind })
  const message = `kind ${kindText(kind)} is not known to this store; pass it to createStore({ kinds })`
  return new UsageError(message, { kind: kind.kind })
}

function kindText(kind: Pick<Kind, 'apiVersion' | 'kind'> | undefined): string {
  return `${kind?.apiVersion}/${kind?.kind}`
}

/** A kind of a module that is still being evaluated is undefined. */
function assertHandle(kind: unknown, index: number): void {
  if (isHandle(kind)) return
  const remedy =
    kind === undefined
      ? 'perhaps the module that defines it and this one import each other; break that circle, or make the store later'
      : 'pass the handle that defineKind gave'
  throw new UsageError(`kinds[${index}] is ${describeValue(kind)}, not a kind; ${remedy}`, {
    option: 'kinds',
    index,
  })
}

function describeValue(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : typeof value
}

function isHandle(kind: unknown): boolean {
  return typeof kind === 'object' && kind !== null && typeof (kind as Partial<Kind>).kind === 'string'
}

/** `apps/v1` and `apps/v2` are one group. */
function nameInGroup({ apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>): string {
  return `${apiVersion.slice(0, apiVersion.indexOf('/') + 1)}${kind}`
}
