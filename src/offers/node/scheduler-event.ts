import { Buffer } from 'node:buffer'
import type { AgentSpec } from '../allocator/allocator-event.js'
import type { Offer, OfferProblem } from '../pool/offer.js'
import type { Operation, Outcome } from '../pool/operation.js'
import type { TaskUpdate } from '../pool/update-stream.js'
import type { CalledOperation } from './accept-call.js'
import { mesosResources } from './mesos-resource.js'

/** An event of Mesos' v1 scheduler API, as JSON. */
export type SchedulerEvent = { readonly type: string } & Readonly<Record<string, unknown>>

/** A record of a RecordIO stream: how many bytes follow, and the JSON. */
export function recordOf(event: SchedulerEvent): string {
  const text = JSON.stringify(event)
  return `${Buffer.byteLength(text)}\n${text}`
}

export function subscribedEvent(framework: string, heartbeatIntervalMs: number): SchedulerEvent {
  return {
    type: 'SUBSCRIBED',
    subscribed: {
      framework_id: { value: framework },
      heartbeat_interval_seconds: heartbeatIntervalMs / 1000,
    },
  }
}

export function offersEvent(offers: readonly Offer[], framework: string): SchedulerEvent {
  return {
    type: 'OFFERS',
    offers: {
      offers: offers.map(({ id, agent, role, resources }) => ({
        id: { value: id },
        framework_id: { value: framework },
        agent_id: { value: agent.id },
        hostname: agent.host ?? agent.id,
        allocation_info: { role },
        resources: mesosResources(resources, role),
        attributes: attributesOf(agent),
        ...(agent.unavailability === undefined
          ? {}
          : { unavailability: unavailabilityOf(agent.unavailability) }),
      })),
    },
  }
}

function attributesOf({ attributes = {} }: AgentSpec): readonly unknown[] {
  return Object.entries(attributes).map(([name, value]) => {
    if (typeof value === 'number') return { name, type: 'SCALAR', scalar: { value } }
    return { name, type: 'TEXT', text: { value: typeof value === 'string' ? value : JSON.stringify(value) } }
  })
}

function unavailabilityOf({ startMs, durationMs }: NonNullable<AgentSpec['unavailability']>): unknown {
  return {
    start: { nanoseconds: startMs * 1_000_000 },
    ...(durationMs === undefined ? {} : { duration: { nanoseconds: durationMs * 1_000_000 } }),
  }
}

export function rescindEvent(offer: string): SchedulerEvent {
  return { type: 'RESCIND', rescind: { offer_id: { value: offer } } }
}

export function errorEvent(message: string): SchedulerEvent {
  return { type: 'ERROR', error: { message } }
}

export const HEARTBEAT: SchedulerEvent = { type: 'HEARTBEAT' }

/** Mesos has bytes for a uuid, which JSON writes in base64. */
export function mesosUuid(uuid: string): string {
  return Buffer.from(uuid).toString('base64')
}

/** `goneByOperator` is `TASK_GONE_BY_OPERATOR`. */
function mesosState(state: TaskUpdate['state']): string {
  return `TASK_${state.replaceAll(/[A-Z]/g, letter => `_${letter}`).toUpperCase()}`
}

/** An answer, which has no uuid, need not be acknowledged. */
export function updateEvent(update: TaskUpdate): SchedulerEvent {
  const { task, state, agent, uuid, atMs } = update
  const message = [update.reason, update.message].filter(part => part !== undefined).join(': ')
  return {
    type: 'UPDATE',
    update: {
      status: {
        task_id: { value: task },
        state: mesosState(state),
        source: uuid === undefined ? 'SOURCE_MASTER' : 'SOURCE_AGENT',
        timestamp: atMs / 1000,
        ...(uuid === undefined ? { reason: 'REASON_RECONCILIATION' } : { uuid: mesosUuid(uuid) }),
        ...(agent === undefined ? {} : { agent_id: { value: agent } }),
        ...(message === '' ? {} : { message }),
      },
    },
  }
}

const OFFER_FAULTS: ReadonlySet<string> = new Set([
  'duplicate',
  'unknown',
  'notOwner',
  'roleMismatch',
  'agentInactive',
])

/** What failed of an operation; and, when it has an id, that it did not. */
export function outcomeEvents(
  { operation, id }: CalledOperation,
  outcome: Outcome<Operation>,
  atMs: number,
): readonly SchedulerEvent[] {
  if ('failed' in outcome) return outcome.failed.map(({ id, problem }) => failedTaskEvent(id, problem, atMs))
  const { problem } = outcome
  if (outcome.op === 'launchGroup' && operation.op === 'launchGroup')
    return problem === undefined ? [] : operation.tasks.map(task => failedTaskEvent(task.id, problem, atMs))
  if (problem === undefined && id === undefined) return []
  return [
    {
      type: 'UPDATE_OPERATION_STATUS',
      update_operation_status: {
        status: {
          ...(id === undefined ? {} : { operation_id: { value: id } }),
          state: problem === undefined ? 'OPERATION_FINISHED' : 'OPERATION_DROPPED',
          ...(problem === undefined ? {} : { message: textOf(problem) }),
        },
      },
    },
  ]
}

function failedTaskEvent(task: string, problem: OfferProblem, atMs: number): SchedulerEvent {
  const isOffer = OFFER_FAULTS.has(problem.code)
  return {
    type: 'UPDATE',
    update: {
      status: {
        task_id: { value: task },
        state: isOffer ? 'TASK_DROPPED' : 'TASK_ERROR',
        source: 'SOURCE_MASTER',
        reason: isOffer ? 'REASON_INVALID_OFFERS' : 'REASON_TASK_INVALID',
        message: textOf(problem),
        timestamp: atMs / 1000,
      },
    },
  }
}

function textOf({ code, message }: OfferProblem): string {
  return `${code}: ${message}`
}
