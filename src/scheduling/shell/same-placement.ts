import { deepEqual } from '../../core/internal.js'
import type { TaskPlacement } from '../task-ledger.js'

/** Whether the two take the same room; what a task asked of its node beside that is not looked at. */
export function takesSame(a: TaskPlacement, b: TaskPlacement): boolean {
  return (
    a.node === b.node &&
    a.group === b.group &&
    deepEqual(a.labels ?? {}, b.labels ?? {}) &&
    deepEqual(a.requests ?? {}, b.requests ?? {}) &&
    deepEqual(a.hostPorts ?? [], b.hostPorts ?? []) &&
    deepEqual(a.held ?? [], b.held ?? []) &&
    deepEqual(a.volumes ?? [], b.volumes ?? [])
  )
}

/** Whether the two are the same, but for how many siblings there were when it was placed. */
export function asksSame({ instances: _, ...held }: TaskPlacement, placement: TaskPlacement): boolean {
  return deepEqual(held, placement)
}
