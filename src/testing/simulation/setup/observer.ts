import type { Client } from '../../../store/index.js'
import type { TraceStep } from '../actions/trace-step.js'
import type { World } from '../world/world.js'

/** Looks on while an execution runs, and changes nothing. */
export interface Observer {
  /** The client that a process is given, in a form that tells what becomes of its writes. */
  listen(client: Client, process: string): Client
  /** Called after each step. */
  noted(step: TraceStep, world: World): void
}
