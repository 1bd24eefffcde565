import type { Client } from '../../../store/index.js'
import type { Ending } from '../world/user.js'
import type { Invariant, Monitor } from './invariant.js'
import type { StepView } from './step-view.js'
import type { Violation } from './violation.js'

/** Monitors by the names of their invariants. */
export type NamedMonitor = readonly [name: string, monitor: Monitor]

/** Looks on while an execution runs, and remembers the first thing that is wrong. */
export class Judge {
  violation: Violation | undefined
  readonly #monitors: readonly NamedMonitor[]
  readonly #stepping: readonly NamedMonitor[]
  readonly #except: ReadonlySet<string>

  /** @param except names that are not judged */
  constructor(monitors: readonly NamedMonitor[], except: ReadonlySet<string>) {
    this.#except = except
    this.#monitors = monitors.filter(([name]) => !except.has(name))
    this.#stepping = this.#monitors.filter(([, { step }]) => step !== undefined)
  }

  step(view: StepView): void {
    for (const [name, { step }] of this.#stepping) this.#ask(name, step, view)
  }

  rest(view: StepView): void {
    for (const [name, { rest }] of this.#monitors) this.#ask(name, rest, view)
  }

  /** Whatever the monitors want a process to use in place of `client`. */
  clientFor(client: Client, process: string): Client {
    return this.#monitors.reduce((seen, [, monitor]) => monitor.client?.(seen, process) ?? seen, client)
  }

  /** The first one counts. */
  report(violation: Violation): void {
    if (!this.#except.has(violation.invariant)) this.violation ??= violation
  }

  #ask(name: string, look: Monitor['step'], view: StepView): void {
    if (look === undefined || this.violation !== undefined) return
    let message: string | undefined
    try {
      message = look(view)
    } catch (error) {
      message = `looking at it throws: ${error instanceof Error ? error.message : String(error)}`
    }
    if (message !== undefined) this.report({ invariant: name, message })
  }
}

/** Monitors of those invariants that are watched where an execution ends so. */
export function monitorsOf(invariants: readonly Invariant[], ending: Ending): readonly NamedMonitor[] {
  return invariants
    .filter(({ endings = 'both' }) => endings === 'both' || endings === ending)
    .map(({ name, begin }) => [name, begin()])
}
