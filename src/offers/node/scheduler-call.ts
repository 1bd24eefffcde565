import type { FrameworkCapability } from '../allocator/allocator-event.js'
import type { SubscribeOptions } from '../pool/framework-record.js'
import { ANY_ROLE } from '../resources/role-name.js'
import type { CalledOperation } from './accept-call.js'
import { graceOf, operationOf, refuseMsOf } from './accept-call.js'
import type { CallFields } from './call-fields.js'
import {
  idList,
  objectList,
  optionalId,
  optionalNumber,
  optionalObject,
  optionalText,
  refuseField,
  requiredId,
  requiredObject,
  requiredText,
  textList,
} from './call-fields.js'

/** A call of Mesos' v1 scheduler API, in this library's terms. */
export type SchedulerCall =
  | { readonly type: 'SUBSCRIBE'; readonly options: SubscribeOptions }
  | {
      readonly type: 'ACCEPT'
      readonly offers: readonly string[]
      readonly operations: readonly CalledOperation[]
      readonly refuseMs: number | undefined
    }
  | { readonly type: 'DECLINE'; readonly offers: readonly string[]; readonly refuseMs: number | undefined }
  | { readonly type: 'ACKNOWLEDGE'; readonly task: string; readonly uuid: string }
  | { readonly type: 'KILL'; readonly task: TaskQuestion; readonly graceMs: number | undefined }
  /** No tasks: all of them. */
  | { readonly type: 'RECONCILE'; readonly tasks: readonly TaskQuestion[] }
  | { readonly type: 'REVIVE' | 'SUPPRESS'; readonly roles: readonly string[] }
  | { readonly type: 'TEARDOWN' }

/** A task, and where its framework believes it to be. */
export interface TaskQuestion {
  readonly id: string
  readonly agent?: string
}

/** A call, and the framework that it says it comes from. */
export interface ReceivedCall {
  readonly framework: string | undefined
  readonly call: SchedulerCall | NotSupported
}

/** A call of Mesos that this library does not know how to do. */
export interface NotSupported {
  readonly type: 'notSupported'
  readonly name: string
}

const NOT_SUPPORTED: ReadonlySet<unknown> = new Set([
  'ACCEPT_INVERSE_OFFERS',
  'DECLINE_INVERSE_OFFERS',
  'SHUTDOWN',
  'MESSAGE',
  'REQUEST',
  'UPDATE_FRAMEWORK',
  'ACKNOWLEDGE_OPERATION_STATUS',
  'RECONCILE_OPERATIONS',
])

/** @throws InvalidError naming the field of a call that is malformed */
export function readCall(body: Readonly<Record<string, unknown>>): ReceivedCall {
  const of: CallFields = { path: '', fields: body }
  const framework = optionalId(of, 'framework_id')
  return { framework, call: callOf(of, framework) }
}

function callOf(of: CallFields, framework: string | undefined): SchedulerCall | NotSupported {
  const { type } = of.fields
  switch (type) {
    case 'SUBSCRIBE':
      return { type, options: subscriptionOf(requiredObject(of, 'subscribe'), framework) }
    case 'ACCEPT': {
      const accept = requiredObject(of, 'accept')
      const operations = objectList(accept, 'operations').map(operationOf)
      return { type, offers: offersOf(accept), operations, refuseMs: refuseMsOf(accept) }
    }
    case 'DECLINE': {
      const decline = requiredObject(of, 'decline')
      return { type, offers: offersOf(decline), refuseMs: refuseMsOf(decline) }
    }
    case 'ACKNOWLEDGE': {
      const acknowledge = requiredObject(of, 'acknowledge')
      return { type, task: requiredId(acknowledge, 'task_id'), uuid: requiredText(acknowledge, 'uuid') }
    }
    case 'KILL': {
      const kill = requiredObject(of, 'kill')
      return { type, task: taskOf(kill), graceMs: graceOf(kill) }
    }
    case 'RECONCILE':
      return { type, tasks: objectList(requiredObject(of, 'reconcile'), 'tasks').map(taskOf) }
    case 'REVIVE':
    case 'SUPPRESS': {
      const roles = optionalObject(of, type.toLowerCase())
      return { type, roles: roles === undefined ? [] : textList(roles, 'roles') }
    }
    case 'TEARDOWN':
      return { type }
    default:
      if (NOT_SUPPORTED.has(type)) return { type: 'notSupported', name: String(type) }
      return refuseField('type', type, 'must be the name of a call, such as SUBSCRIBE or ACCEPT')
  }
}

function offersOf(of: CallFields): readonly string[] {
  const ids = idList(of, 'offer_ids')
  return ids.length > 0 ? ids : refuseField(`${of.path}offer_ids`, ids, 'must name an offer')
}

function taskOf(of: CallFields): TaskQuestion {
  const agent = optionalId(of, 'agent_id')
  return { id: requiredId(of, 'task_id'), ...(agent === undefined ? {} : { agent }) }
}

function subscriptionOf(of: CallFields, framework: string | undefined): SubscribeOptions {
  const info = requiredObject(of, 'framework_info')
  const id = optionalId(info, 'id') ?? framework
  if (framework !== undefined && id !== framework)
    return refuseField(`${info.path}id`, id, `must be the framework_id of the call, ${framework}`)
  const suppressed = new Set(textList(of, 'suppressed_roles'))
  const principal = optionalText(info, 'principal')
  const failoverSeconds = optionalNumber(info, 'failover_timeout') ?? 0
  const offered = objectList(info, 'capabilities').map(each => requiredText(each, 'type'))
  return {
    name: requiredText(info, 'name'),
    roles: rolesOf(info).map(role => ({ role, suppressed: suppressed.has(role) })),
    failoverMs: Math.round(failoverSeconds * 1000),
    capabilities: offered.flatMap(type => CAPABILITIES.get(type) ?? []),
    uses: offered.includes('GPU_RESOURCES') ? ['gpus'] : [],
    ...(id === undefined ? {} : { id }),
    ...(principal === undefined ? {} : { principal }),
  }
}

/** Capabilities of Mesos that stand for one of ours. What the others ask for, everybody has. */
const CAPABILITIES: ReadonlyMap<string, FrameworkCapability> = /* @__PURE__ */ new Map([
  ['REVOCABLE_RESOURCES', 'revocable'],
  ['REGION_AWARE', 'remote'],
])

function rolesOf(info: CallFields): readonly string[] {
  const roles = textList(info, 'roles')
  return roles.length > 0 ? roles : [optionalText(info, 'role') ?? ANY_ROLE]
}
