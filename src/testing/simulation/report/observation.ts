import type { ObjectChange, StoredObject } from '../../../store/index.js'
import type { CapturedLog } from '../../virtual/captured-logs.js'
import type { Action } from '../actions/action.js'
import type { ActionList } from '../actions/action-list.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import type { Delivery } from '../clients/listening-client.js'
import { listeningClient } from '../clients/listening-client.js'
import { changesBetween } from '../objects/object-changes.js'
import type { Observer } from '../setup/execution-setup.js'
import type { World } from '../world/world.js'

/** A step, and what came of it. */
export interface ObservedStep extends TraceStep {
  readonly changes: readonly ObjectChange[]
  /** What was delivered to the process. */
  readonly deliveries: readonly Delivery[]
  /** Why writes came to nothing. */
  readonly refusals: readonly string[]
  /** Warnings and errors of the code under test, and lost races. */
  readonly logs: readonly CapturedLog[]
  /** What would have come next undisturbed, where something else came. */
  readonly instead: Pick<Action, 'kind' | 'actor' | 'label'> | undefined
  /** True when a reconcile, and every other one of its process, was over at once: it has nothing under way. */
  readonly isOver: boolean
  /** Every object afterwards. */
  readonly objects: readonly StoredObject[]
}

/** An execution under observation. */
export interface Observation {
  readonly observer: Observer
  /** The same choices, seen. */
  watching(source: ChoiceSource): ChoiceSource
  /** Up to now. */
  readonly steps: readonly ObservedStep[]
}

/** Observes one execution. */
export function createObservation(): Observation {
  const steps: ObservedStep[] = []
  let objects: readonly StoredObject[] = []
  let deliveries: Delivery[] = []
  let refusals: string[] = []
  let instead: ObservedStep['instead']
  let lastLog: CapturedLog | undefined
  return {
    steps,
    observer: {
      listen: (client, process) =>
        listeningClient(client, process, {
          delivered: delivery => deliveries.push(delivery),
          refused: why => refusals.push(why),
        }),
      noted: (step, world) => {
        const { lines } = world.logs
        const logs = lines
          .slice(lastLog === undefined ? 0 : lines.lastIndexOf(lastLog) + 1)
          .filter(isWorthTelling)
        lastLog = lines.at(-1)
        const now = world.objects()
        const changes = objects === now ? [] : changesBetween(objects, now)
        const isOver = step.kind === 'reconcile' && isIdle(world, step.actor)
        steps.push({
          ...step,
          changes,
          deliveries,
          refusals,
          logs,
          instead,
          isOver,
          objects: now,
        })
        objects = now
        deliveries = []
        refusals = []
        instead = undefined
      },
    },
    watching: source => ({
      choose: actions => {
        const index = source.choose(actions)
        instead = index === 0 || (steps.length === 0 && isEnding(actions)) ? undefined : actions.first
        return index
      },
    }),
  }
}

function isIdle({ processes }: World, name: string): boolean {
  const process = processes.find(other => other.name === name)
  return process?.manager.status().controllers.every(({ inFlight }) => inFlight === 0) === true
}

/** The first choice of all is no step: how it is to end. */
function isEnding({ first }: ActionList): boolean {
  return first.label === 'kept'
}

function isWorthTelling({ level, message }: CapturedLog): boolean {
  return level === 'warn' || level === 'error' || message.startsWith('lost a write race')
}
