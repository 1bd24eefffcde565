import type { Env } from '../../../core/index.js'
import type { Controller, Manager, Runnable } from '../../../reconcile/index.js'
import { createManager } from '../../../reconcile/index.js'
import type { Client, ObjectRef } from '../../../store/index.js'

/** What the code under test is given when its process starts. */
export interface ProcessSite {
  /** Of the process: `app-1`, `app-2`… Each start has another. An identity for an election. */
  readonly name: string
  /** The store as this process sees it. Parts that are returned are handed it anyway. */
  readonly client: Client
  /**
   * The world outside the store: disks, accounts, machines, by name. Empty at the start of an execution; it outlives
   * the process, and what it holds at the end is compared like the objects. Values are plain JSON.
   */
  readonly outside: Map<string, unknown>
  /**
   * What the parts remember from one attempt to the next, if anything, by name; empty at each start. An exhaustive
   * search takes two states for the same only if it is. Values are plain JSON.
   */
  readonly memory: Map<string, unknown>
}

/**
 * Makes what is under test: parts, or a whole manager that was not started. Called at each start of a simulated
 * process, so everything that is to be forgotten in a crash is made inside.
 */
export type MakeParts = (
  site: ProcessSite,
) => Controller | Runnable | readonly (Controller | Runnable)[] | Manager

/** A running instance of the code under test. */
export interface SimulatedProcess {
  readonly name: string
  readonly env: Env
  readonly manager: Manager
  /** Those that were made as parts. */
  readonly controllers: readonly Controller[]
  readonly memory: ReadonlyMap<string, unknown>
  /** Its event loop stands still until then, in elapsed milliseconds. */
  stalledUntilMs?: number | undefined
  /** Another was started in its place; it will be told to end. */
  isReplaced: boolean
  /** It was told to end. */
  isStopping: boolean
}

/** The manager that was made, or one for the parts. */
export function managerOf(made: ReturnType<MakeParts>, client: Client): Manager {
  if ('finished' in made) return made
  const manager = createManager({ client, garbageCollection: 'elsewhere' })
  for (const part of isList(made) ? made : [made]) manager.add(part)
  return manager
}

/** Controllers among the parts that were made; those inside of a manager cannot be seen. */
export function controllersOf(made: ReturnType<MakeParts>): readonly Controller[] {
  if ('finished' in made) return []
  return (isList(made) ? made : [made]).filter(part => 'enqueue' in part)
}

/** The key that a reconcile step of a controller is about, by the step's label. */
export function objectKeyOf(label: string, controller: string): ObjectRef | undefined {
  if (!label.startsWith(`${controller} `)) return undefined
  const [first = '', second, ...more] = label.slice(controller.length + 1).split('/')
  if (first.includes(' ') || more.length > 0) return undefined
  return second === undefined ? { name: first } : { namespace: first, name: second }
}

function isList<T>(made: T | readonly T[]): made is readonly T[] {
  return Array.isArray(made)
}
