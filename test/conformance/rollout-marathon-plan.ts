import { dependencyLayers } from '../../src/core/internal.js'
import type { GroupMember } from '../../src/rollout/index.js'
import { admitGroup, revertGroup } from '../../src/rollout/index.js'

interface App {
  readonly cmd: string
  readonly instances: number
  readonly deps: readonly string[]
}
type Apps = Readonly<Record<string, App>>

/** Marathon's steps, in our layers: all stops at once, new apps at 0, then layer by layer. */
export function marathonPlan({
  from,
  to,
}: {
  readonly from: Apps
  readonly to: Apps
}): readonly (readonly string[])[] {
  const layers = dependencyLayers(new Map(Object.entries(to).map(([name, { deps }]) => [name, deps])))
  const stops = Object.keys(from).filter(name => to[name] === undefined)
  const starts = Object.keys(to).filter(name => from[name] === undefined)
  return [
    stops.map(name => `Stop ${name}`),
    starts.map(name => `Start ${name}`),
    ...layers.map(layer => layer.flatMap(name => changeOf(name, from[name], to[name]))),
  ].filter(step => step.length > 0)
}

function changeOf(name: string, before: App | undefined, after: App | undefined): readonly string[] {
  if (after === undefined || (before?.cmd === after.cmd && before.instances === after.instances)) return []
  const isScaled = before === undefined || before.cmd === after.cmd || after.instances === 0
  return [isScaled ? `Scale ${name} ${after.instances}` : `Restart ${name}`]
}

/** Whether a deployment is refused: apps of it are in another one. */
export function conflicts({
  running,
  requested,
}: Readonly<Record<'running' | 'requested', readonly string[]>>): boolean {
  return admitGroup(requested, new Map([['running', running]]), 'reject').kind === 'rejected'
}

/** What is left of a group when a deployment is taken back. */
export function marathonRevert(
  input: Readonly<Record<'original' | 'target' | 'current', Readonly<Record<string, number>>>>,
): Readonly<Record<string, number>> {
  const groupOf = (apps: Readonly<Record<string, number>>): ReadonlyMap<string, GroupMember> =>
    new Map(Object.entries(apps).map(([name, replicas]) => [name, { template: name, replicas }]))
  const { original, target, current } = input
  const reverted = revertGroup(groupOf(original), groupOf(target), groupOf(current))
  return Object.fromEntries([...reverted].map(([name, { replicas }]) => [name, replicas]))
}
