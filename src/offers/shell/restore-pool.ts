import type { Task } from '../../api/index.js'
import { Framework } from '../../api/index.js'
import type { Reader } from '../../store/index.js'
import { awaitFailover } from '../pool/framework-connection.js'
import type { FrameworkEntry } from '../pool/framework-record.js'
import { newFramework } from '../pool/framework-record.js'
import type { PoolCore } from '../pool/pool-core.js'
import { awaySinceMs, identityOf } from './framework-object.js'
import { launchOfTask, nameOfTask, POOL_LABEL, roleOfTask, stateOfTask, takeOfTask } from './pool-task.js'

/**
 * Puts the frameworks and tasks of a pool that ended into a new one, whose agents are there already. Frameworks are away
 * until they subscribe; what tasks came to is told to them then.
 */
export function restoreFrameworks(
  core: PoolCore,
  reader: Reader,
  of: { readonly pool: string; readonly tasks: readonly Task[] },
): void {
  const { pool, tasks } = of
  const objects = reader.list(Framework, { labelSelector: `${POOL_LABEL}=${pool}` }).items
  const known = new Map(objects.map(each => [each.metadata.name, each]))
  const mine = tasks.flatMap(task => {
    const name = nameOfTask(task, pool)
    return name === undefined ? [] : [{ name, task }]
  })
  const ids = new Set([...known.keys(), ...mine.map(({ name }) => name.framework)])
  for (const id of [...ids].sort()) {
    const own = mine.filter(({ name }) => name.framework === id)
    const entry = restoreFramework(core, id, { object: known.get(id), tasks: own.map(({ task }) => task) })
    for (const { name, task } of own) restoreTask(core, name, task)
    for (const [role, grants] of Object.entries(known.get(id)?.status?.grants ?? {}))
      if (entry.roles.some(each => each.role === role))
        core.allocator.apply({ type: 'grants', framework: id, role, grants })
    awaitFailover(core, entry)
  }
}

/** A framework of which only tasks are left keeps none of them. */
function restoreFramework(
  core: PoolCore,
  id: string,
  { object, tasks }: { readonly object: Framework | undefined; readonly tasks: readonly Task[] },
): FrameworkEntry {
  const used = [...new Set(tasks.map(roleOfTask))]
  const identity =
    object === undefined
      ? {
          id,
          name: id,
          principal: undefined,
          failoverMs: 0,
          roles: used.map(role => ({ role })),
          capabilities: [],
          uses: [],
        }
      : identityOf(object)
  const { roles, capabilities, uses } = identity
  const entry: FrameworkEntry = {
    ...newFramework(identity),
    disconnectedAtMs: object === undefined ? core.now() : awaySinceMs(object, core.now()),
  }
  const past = used.filter(role => !roles.some(each => each.role === role)).map(role => ({ role }))
  core.allocator.apply({ type: 'framework', id, roles: [...roles, ...past], capabilities, uses })
  core.allocator.apply({ type: 'frameworkState', id, active: false })
  core.frameworks.set(id, entry)
  return entry
}

function restoreTask(core: PoolCore, name: { framework: string; task: string }, object: Task): void {
  const { framework } = name
  const { nodeName: agent = '' } = object.spec
  const role = roleOfTask(object)
  const take = takeOfTask(object)
  const graceSeconds = object.spec.terminationGracePeriodSeconds
  const spec = {
    id: name.task,
    need: {},
    take,
    ...(graceSeconds === undefined ? {} : { kill: { graceMs: graceSeconds * 1_000 } }),
  }
  if (core.allocator.agent(agent) !== undefined)
    core.allocator.apply({ type: 'take', framework, role, agent, resources: take, force: true })
  const task = core.tasks.add({ framework, role, agent, spec, take }, launchOfTask(object))
  const state = core.agents.has(agent) ? stateOfTask(object) : 'goneByOperator'
  core.tasks.report(task, { task: name.task, state, reason: 'poolRestarted' })
}
