import type { Cancel } from '../../core/index.js'
import { agentHandle } from './agent-handle.js'
import type { RunningTaskRef } from './agent-table.js'
import type { PoolCore } from './pool-core.js'

interface Watched {
  /** Pings in a row without an answer. */
  missed: number
  answered: boolean
  /** Calls off its removal, when that waits for its turn. */
  removal: Cancel | undefined
}

/**
 * When the next removal may be: at once, or so long after the one before. Evenly spaced, so that after a quiet time not
 * several come at once.
 *
 * @internal
 */
export function removalAtMs(lastMs: number | undefined, nowMs: number, spacingMs: number): number {
  return lastMs === undefined ? nowMs : Math.max(nowMs, lastMs + spacingMs)
}

/**
 * Pings agents. One that leaves so many pings in a row without an answer is out of reach, as soon as the limit of
 * removals allows; an answer before that calls it off. One that answers later is back.
 */
export class AgentHealth {
  readonly #core: PoolCore
  readonly #watched = new Map<string, Watched>()
  #lastRemovalMs: number | undefined

  constructor(core: PoolCore) {
    this.#core = core
  }

  /** Begins to ping an agent; nothing where the driver cannot. */
  watch(id: string): void {
    if (this.#core.options.driver.ping === undefined || this.#watched.has(id)) return
    const watched: Watched = { missed: 0, answered: true, removal: undefined }
    this.#watched.set(id, watched)
    this.#ping(id, watched)
  }

  #ping(id: string, watched: Watched): void {
    const { agents, options, deadlines, limits } = this.#core
    const standing = agents.standing(id)
    if (standing !== 'registered' && standing !== 'unreachable') {
      this.#watched.delete(id)
      watched.removal?.()
      return
    }
    watched.answered = false
    const ping = async (): Promise<readonly RunningTaskRef[]> => (await options.driver.ping?.(id)) ?? []
    ping().then(
      running => this.#answered(id, watched, running),
      () => {},
    )
    deadlines.at(this.#core.now() + limits.pingIntervalMs, () => {
      if (!watched.answered) this.#missed(id, watched)
      this.#ping(id, watched)
    })
  }

  #answered(id: string, watched: Watched, running: readonly RunningTaskRef[]): void {
    if (this.#watched.get(id) !== watched || this.#core.isClosed) return
    watched.answered = true
    watched.missed = 0
    watched.removal?.()
    watched.removal = undefined
    if (this.#core.agents.standing(id) === 'unreachable') agentHandle(this.#core, id).reachable(running)
  }

  #missed(id: string, watched: Watched): void {
    const { deadlines, limits } = this.#core
    watched.missed++
    if (watched.missed < limits.pingsMax || watched.removal !== undefined || !this.#core.agents.has(id))
      return
    const atMs = removalAtMs(this.#lastRemovalMs, this.#core.now(), limits.removalSpacingMs)
    const remove = (): void => {
      watched.removal = undefined
      agentHandle(this.#core, id).unreachable()
    }
    const before = this.#lastRemovalMs
    this.#lastRemovalMs = atMs
    if (atMs <= this.#core.now()) return remove()
    const callOff = deadlines.at(atMs, remove)
    watched.removal = () => {
      callOff()
      if (this.#lastRemovalMs === atMs) this.#lastRemovalMs = before
    }
  }
}
