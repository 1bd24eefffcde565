import type { LaunchSpec, Operation } from '../pool/operation.js'
import type { Quantities } from '../resources/quantities.js'
import type { CallFields } from './call-fields.js'
import {
  objectList,
  optionalId,
  optionalNumber,
  optionalObject,
  optionalText,
  refuseField,
  requiredId,
  requiredNumber,
  requiredObject,
} from './call-fields.js'
import { resourceOfCall, resourcesOfCall } from './mesos-resource.js'

/** An operation, and the id under which its framework wants to hear of it. */
export interface CalledOperation {
  readonly operation: Operation
  readonly id: string | undefined
}

/** @throws InvalidError for an operation that is malformed or not supported */
export function operationOf(of: CallFields): CalledOperation {
  return { operation: bodyOf(of), id: optionalId(of, 'id') }
}

function bodyOf(of: CallFields): Operation {
  const { type } = of.fields
  switch (type) {
    case 'LAUNCH':
      return { op: 'launch', tasks: objectList(requiredObject(of, 'launch'), 'task_infos').map(taskOf) }
    case 'LAUNCH_GROUP':
      return launchGroupOf(requiredObject(of, 'launch_group'))
    case 'RESERVE':
      return { op: 'reserve', resources: resourcesOfCall(requiredObject(of, 'reserve'), 'resources') }
    case 'UNRESERVE':
      return { op: 'unreserve', resources: resourcesOfCall(requiredObject(of, 'unreserve'), 'resources') }
    case 'CREATE':
      return { op: 'create', volumes: resourcesOfCall(requiredObject(of, 'create'), 'volumes') }
    case 'DESTROY':
      return { op: 'destroy', volumes: resourcesOfCall(requiredObject(of, 'destroy'), 'volumes') }
    case 'GROW_VOLUME': {
      const grow = requiredObject(of, 'grow_volume')
      return {
        op: 'grow',
        volume: resourceOfCall(grow, 'volume'),
        addition: resourceOfCall(grow, 'addition'),
      }
    }
    case 'SHRINK_VOLUME': {
      const shrink = requiredObject(of, 'shrink_volume')
      const by = requiredNumber(requiredObject(shrink, 'subtract'), 'value')
      return { op: 'shrink', volume: resourceOfCall(shrink, 'volume'), by }
    }
    default:
      return refuseField(
        `${of.path}type`,
        type,
        'must be LAUNCH, LAUNCH_GROUP, RESERVE, UNRESERVE, CREATE, DESTROY, GROW_VOLUME or SHRINK_VOLUME',
      )
  }
}

function launchGroupOf(of: CallFields): Operation {
  const executor = optionalObject(of, 'executor')
  const overhead: Quantities =
    executor === undefined ? {} : resourcesOfCall(executor, 'resources').quantities()
  return {
    op: 'launchGroup',
    tasks: objectList(requiredObject(of, 'task_group'), 'tasks').map(taskOf),
    overhead,
  }
}

/** What runs the task gets all of the TaskInfo as `data`. */
function taskOf(of: CallFields): LaunchSpec {
  const name = optionalText(of, 'name')
  const graceMs = graceOf(of)
  return {
    id: requiredId(of, 'task_id'),
    agent: requiredId(of, 'agent_id'),
    need: {},
    take: resourcesOfCall(of, 'resources'),
    data: of.fields,
    ...(name === undefined ? {} : { name }),
    ...(graceMs === undefined ? {} : { kill: { graceMs } }),
  }
}

/** The grace of a kill policy, in ms. */
export function graceOf(of: CallFields): number | undefined {
  const policy = optionalObject(of, 'kill_policy')
  const period = policy === undefined ? undefined : optionalObject(policy, 'grace_period')
  const nanoseconds = period === undefined ? undefined : requiredNumber(period, 'nanoseconds')
  if (nanoseconds !== undefined && nanoseconds < 0)
    return refuseField(`${of.path}kill_policy.grace_period.nanoseconds`, nanoseconds, 'must be at least 0')
  return nanoseconds === undefined ? undefined : Math.ceil(nanoseconds / 1_000_000)
}

/** For how long a filter refuses, in ms; undefined: the default. */
export function refuseMsOf(of: CallFields): number | undefined {
  const filters = optionalObject(of, 'filters')
  const seconds = filters === undefined ? undefined : optionalNumber(filters, 'refuse_seconds')
  if (seconds !== undefined && seconds < 0)
    return refuseField(`${of.path}filters.refuse_seconds`, seconds, 'must be at least 0')
  return seconds === undefined ? undefined : seconds * 1000
}
