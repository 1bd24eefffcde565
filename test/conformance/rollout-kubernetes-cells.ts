import { resolveIntOrPercent } from '../../src/core/internal.js'
import type { CellView } from '../../src/rollout/cells/index.js'
import { planCells } from '../../src/rollout/cells/index.js'
import { planOrdinals } from '../../src/workloads/sets/index.js'

/** One pass over a StatefulSet, as the case file writes it. */
export interface StatefulPass {
  readonly replicas: number
  readonly partition?: number
  readonly policy?: 'Parallel'
  readonly strategy?: 'OnDelete'
  readonly maxUnavailable?: number
  readonly pods: readonly ({ readonly rev: string; readonly st: 'ready' | 'notReady' } | null)[]
}

/** What comes and goes, or else what changes its revision. */
export function stsPass({
  replicas,
  partition,
  policy,
  strategy,
  maxUnavailable,
  pods,
}: StatefulPass): string[] {
  const there = pods.flatMap((pod, ordinal) =>
    pod === null ? [] : [{ ordinal, rev: pod.rev, ready: pod.st === 'ready' }],
  )
  const range = { replicas, start: 0, ordered: policy !== 'Parallel' }
  const { create, remove } = planOrdinals(
    range,
    there.map(({ ordinal, ready }) => ({ ordinal, state: ready ? 'available' : 'pending' })),
  )
  if (create.length + remove.length > 0)
    return [...create.map(ordinal => `create:${ordinal}:upd`), ...remove.map(ordinal => `delete:${ordinal}`)]
  if (strategy === 'OnDelete') return []
  const cells = there.map(
    ({ ordinal, rev, ready }): CellView => ({
      key: `${ordinal}`,
      ordinal,
      revision: rev,
      running: rev,
      available: ready,
    }),
  )
  const program = {
    strict: policy !== 'Parallel' && maxUnavailable === undefined,
    ...(partition === undefined ? {} : { partition }),
    ...(maxUnavailable === undefined ? {} : { maxUnavailable }),
  }
  const { moves } = planCells(cells, { target: 'upd', stable: 'cur' }, program)
  const waits = there.filter(({ ready }) => !ready).map(({ ordinal }) => `wait:${ordinal}`)
  return moves.length > 0 ? moves.map(({ key }) => `delete:${key}`) : waits
}

/** One pass over a DaemonSet, as the case file writes it. */
export interface DaemonPass {
  readonly maxUnavailable?: number | string
  readonly maxSurge?: number
  readonly nodes: readonly { readonly n: string; readonly old?: 'ok' | 'bad'; readonly new?: 'ok' | 'bad' }[]
}

/** Which nodes lose their old pod, and which get a second one. */
export function dsPass({
  maxUnavailable = 1,
  maxSurge = 0,
  nodes,
}: DaemonPass): Record<'delete' | 'create', string[]> {
  const up = resolveIntOrPercent(maxUnavailable, nodes.length, { rounding: 'up' })
  const cells = nodes.map(({ n, old, new: next }): CellView => {
    if (next === undefined) return { key: n, revision: 'old', running: 'old', available: old === 'ok' }
    const running = next === 'ok' ? 'new' : 'old'
    return { key: n, revision: 'new', running, available: next === 'ok' || old === 'ok' }
  })
  const program = maxSurge > 0 ? ({ order: 'start-first', maxSurge } as const) : { maxUnavailable: up }
  const moved = planCells(cells, { target: 'new' }, program).moves.map(({ key }) => key)
  const replaced = nodes.filter(({ old, new: next }) => old !== undefined && next === 'ok').map(({ n }) => n)
  return maxSurge > 0 ? { delete: replaced, create: moved } : { delete: moved, create: [] }
}
