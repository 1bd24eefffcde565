import { InvalidError } from '../../core/index.js'
import { assertValid, compareText, dependencyLayers, wholeNumber } from '../../core/internal.js'

/** One application of a group. */
export interface GroupMember {
  /** Content hash of its template, or any other text that changes with it. */
  readonly template: string
  readonly replicas: number
  /** Members that must have arrived before it starts to change. Default: none. */
  readonly dependsOn?: readonly string[]
}

/** A group by the names of its members. */
export type Group = ReadonlyMap<string, GroupMember>

/** What becomes of one member: absolute, so doing it twice is harmless. */
export interface GroupChange {
  readonly op: 'stop' | 'start' | 'update' | 'scale'
  readonly member: string
  /** What it has in the end; absent for a stop. */
  readonly template?: string
  readonly replicas: number
}

/** Members of one group; more are refused. */
const MEMBERS_MAX = 10_000

/**
 * The stages in which one group becomes another. Pure. All changes of a stage may be under way at once, and the next one
 * begins when every one of them has arrived.
 *
 * What is gone stops first, what depends on others before those. Then what is new, updated, or larger, layer by layer:
 * nothing starts to change before all that it depends on has arrived. What only becomes smaller comes last, in reverse.
 *
 * @throws InvalidError for a dependency that is no member, a cycle (named), replicas that are no whole number, and more than
 * 10,000 members
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { planGroup } from 'keelson/rollout'
 *
 * const from = new Map([['db', { template: 'db:1', replicas: 1 }], ['old', { template: 'old:1', replicas: 1 }]])
 * const to = new Map([
 *   ['web', { template: 'web:1', replicas: 4, dependsOn: ['db'] }],
 *   ['db', { template: 'db:2', replicas: 1 }],
 * ])
 * const stages = planGroup(from, to).map(stage => stage.map(({ op, member }) => `${op} ${member}`))
 * assert.deepEqual(stages, [['stop old'], ['update db'], ['start web']])
 * ```
 */
export function planGroup(from: Group, to: Group): readonly (readonly GroupChange[])[] {
  const [before, after] = [layersOf(from), layersOf(to)]
  const stops = before
    .toReversed()
    .map(layer =>
      layer.flatMap((member): GroupChange[] => (to.has(member) ? [] : [{ op: 'stop', member, replicas: 0 }])),
    )
  const changes = after.map(layer =>
    layer.flatMap(member => changeOf(member, from.get(member), to.get(member))),
  )
  const isSmaller = ({ op, member, replicas }: GroupChange): boolean =>
    op === 'scale' && replicas < (from.get(member)?.replicas ?? 0)
  const forward = changes.map(layer => layer.filter(change => !isSmaller(change)))
  const smaller = changes.toReversed().map(layer => layer.filter(isSmaller))
  return [...stops, ...forward, ...smaller].filter(stage => stage.length > 0)
}

function layersOf(group: Group): readonly (readonly string[])[] {
  assertValid('group', [
    ...wholeNumber('members', group.size, { max: MEMBERS_MAX }),
    ...[...group].flatMap(([name, { replicas }]) => wholeNumber(`${name}.replicas`, replicas)),
  ])
  const names = [...group.keys()].sort(compareText)
  return dependencyLayers(new Map(names.map(name => [name, group.get(name)?.dependsOn ?? []])))
}

function changeOf(
  member: string,
  before: GroupMember | undefined,
  after: GroupMember | undefined,
): readonly GroupChange[] {
  if (after === undefined) return []
  const { template, replicas } = after
  if (before === undefined) return [{ op: 'start', member, template, replicas }]
  if (before.template !== template) return [{ op: 'update', member, template, replicas }]
  return before.replicas === replicas ? [] : [{ op: 'scale', member, template, replicas }]
}

/**
 * What a group would be without a change that led from `original` to `target`: what others have changed since stays as it
 * is. Members that the change took away come back; those that it added go, unless something that stays depends on them.
 *
 * Where others took away what a member that comes back depends on, or closed a cycle with it, `planGroup` refuses the
 * result and names that: it is for them to decide.
 */
export function revertGroup(original: Group, target: Group, current: Group): Group {
  const reverted = new Map(current)
  for (const name of new Set([...original.keys(), ...target.keys()])) {
    const [before, after] = [original.get(name), target.get(name)]
    // Somebody else has changed it since.
    if (isSame(before, after) || !isSame(current.get(name), after)) continue
    if (before === undefined) reverted.delete(name)
    else reverted.set(name, before)
  }
  keepWhatIsNeeded(reverted, current)
  return reverted
}

function keepWhatIsNeeded(reverted: Map<string, GroupMember>, current: Group): void {
  // A map is walked to its end, with what is added on the way.
  for (const { dependsOn = [] } of reverted.values()) {
    for (const name of dependsOn) {
      const needed = reverted.has(name) ? undefined : current.get(name)
      if (needed !== undefined) reverted.set(name, needed)
    }
  }
}

function isSame(one: GroupMember | undefined, other: GroupMember | undefined): boolean {
  const text = (member: GroupMember | undefined): string =>
    member === undefined ? '' : JSON.stringify([member.template, member.replicas, member.dependsOn ?? []])
  return text(one) === text(other)
}

/** What happens to a change of a group while another one that shares members with it is under way. */
export type GroupConflictPolicy = 'supersede' | 'queue' | 'reject'

/** Whether a change of a group may begin. */
export interface GroupAdmission {
  readonly kind: 'start' | 'wait' | 'rejected'
  /** The changes under way that have members in common with it: they end, or are waited for, or stand in its way. */
  readonly others: readonly string[]
}

/**
 * Whether a change may begin beside those under way. `supersede` (the default): it does, and those that share a member end;
 * `queue`: it waits for them; `reject`: it is refused. Changes that share no member never meet.
 *
 * @param running members by the id of their change: those under way, and those that wait since before, so that what came
 * later does not overtake them
 * @throws InvalidError for an unknown policy
 */
export function admitGroup(
  members: Iterable<string>,
  running: ReadonlyMap<string, Iterable<string>>,
  policy: GroupConflictPolicy = 'supersede',
): GroupAdmission {
  const kinds = { supersede: 'start', queue: 'wait', reject: 'rejected' } as const
  if (!Object.hasOwn(kinds, policy)) {
    const message = 'must be supersede, queue or reject'
    throw new InvalidError('group', [{ field: 'policy', value: policy, message }])
  }
  const wanted = new Set(members)
  const others = [...running]
    .filter(([, taken]) => [...taken].some(name => wanted.has(name)))
    .map(([id]) => id)
  return others.length === 0
    ? { kind: 'start', others }
    : { kind: kinds[policy], others: others.sort(compareText) }
}
