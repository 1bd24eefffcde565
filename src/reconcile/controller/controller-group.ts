import type { Cancel } from '../../core/index.js'
import type { Client, Kind, ObjectRef } from '../../store/index.js'
import type { StopOptions, StopOutcome } from '../stop-report.js'
import type { Controller, ControllerKeyState, ControllerStatus, StartOptions } from './controller-contract.js'

/**
 * One controller per kind, as one controller: they start and stop together, and a key is that of every kind that it
 * fits.
 */
export function createControllerGroup(
  name: string,
  members: ReadonlyMap<Kind, Controller>,
  collects?: readonly Kind[],
): Controller {
  return new ControllerGroup(name, members, collects)
}

class ControllerGroup implements Controller {
  readonly name: string
  readonly collects?: readonly Kind[]
  readonly #members: ReadonlyMap<Kind, Controller>

  constructor(name: string, members: ReadonlyMap<Kind, Controller>, collects?: readonly Kind[]) {
    this.name = name
    if (collects !== undefined) this.collects = collects
    this.#members = members
  }

  get #all(): readonly Controller[] {
    return [...this.#members.values()]
  }

  async start(client: Client, options: StartOptions = {}): Promise<void> {
    const starts = await Promise.allSettled(this.#all.map(member => member.start(client, options)))
    const failure = starts.find(start => start.status === 'rejected')
    if (failure === undefined) return
    await this.stop({ gracePeriodMs: 0 })
    throw failure.reason
  }

  activate(client: Client): void {
    for (const member of this.#all) member.activate?.(client)
  }

  async deactivate(options: StopOptions = {}): Promise<StopOutcome> {
    return worst(await Promise.all(this.#all.map(async member => member.deactivate?.(options))))
  }

  async stop(options: StopOptions = {}): Promise<StopOutcome> {
    return worst(await Promise.all(this.#all.map(member => member.stop(options))))
  }

  enqueue(key: ObjectRef, reason?: string): void {
    for (const member of this.#membersFor(key)) member.enqueue(key, reason)
  }

  inspect(key: ObjectRef): ControllerKeyState | undefined {
    return this.#membersFor(key)
      .map(member => member.inspect(key))
      .find(state => state !== undefined)
  }

  status(): ControllerStatus {
    const all = this.#all.map(member => member.status())
    const sum = (count: (status: ControllerStatus) => number): number =>
      all.reduce((total, status) => total + count(status), 0)
    return {
      name: this.name,
      queued: sum(status => status.queued),
      inFlight: sum(status => status.inFlight),
      delayed: sum(status => status.delayed),
      failures: sum(status => status.failures),
      quarantined: all.flatMap(status => status.quarantined),
      hotLoops: all.flatMap(status => status.hotLoops),
      lagMs: Math.max(0, ...all.map(status => status.lagMs)),
      ...longest('longestWait', all),
      ...longest('longestRun', all),
    }
  }

  unhealthy(): string | undefined {
    return this.#all.map(member => member.unhealthy?.()).find(why => why !== undefined)
  }

  isSettled(): boolean {
    return this.#all.every(member => member.isSettled())
  }

  onProgress(listener: () => void): Cancel {
    const cancels = this.#all.map(member => member.onProgress(listener))
    return () => {
      for (const cancel of cancels) cancel()
    }
  }

  #membersFor({ namespace }: ObjectRef): readonly Controller[] {
    const fitting = [...this.#members].filter(([kind]) => kind.namespaced === (namespace !== undefined))
    return fitting.map(([, member]) => member)
  }
}

function longest(
  which: 'longestWait' | 'longestRun',
  all: readonly ControllerStatus[],
): Partial<ControllerStatus> {
  const ages = all.flatMap(status => status[which] ?? []).sort((a, b) => b.forMs - a.forMs)
  return ages[0] === undefined ? {} : { [which]: ages[0] }
}

function worst(outcomes: readonly (StopOutcome | undefined)[]): StopOutcome {
  return outcomes.includes('abandoned') ? 'abandoned' : 'stopped'
}
