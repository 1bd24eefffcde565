import type { Cancel, Env } from '../../../core/index.js'
import type { UpstreamOutcome } from './ask-upstream.js'
import { askUpstream } from './ask-upstream.js'
import type { UpstreamServer } from './upstream-server.js'

/** A server that failed is asked after the others for this long. */
const AVOIDED_MS = 10_000

/** A server and how it does. */
export interface Upstream extends UpstreamServer {
  readonly zone: string
  /** Until when others are asked first; undefined while it answers. */
  avoidedUntilMs: number | undefined
  /** It asks us in turn: it is not asked. */
  isLoop: boolean
}

/** The servers of one zone. */
export class Upstreams {
  readonly servers: readonly Upstream[]
  readonly #env: Env
  readonly #timeoutMs: number

  constructor(servers: readonly Upstream[], env: Env, timeoutMs: number) {
    this.servers = servers
    this.#env = env
    this.#timeoutMs = timeoutMs
  }

  /** Whether there is a server to ask. */
  get isOpen(): boolean {
    return this.servers.some(({ isLoop }) => !isLoop)
  }

  /**
   * Asks one server after the other, those that answer first, until one does. Calls back exactly once, unless it is
   * cancelled first; `failed` says why the last one could not.
   */
  ask(query: Uint8Array, done: (outcome: UpstreamOutcome) => void): Cancel {
    const nowMs = this.#env.clock.monotonic()
    const isAvoided = ({ avoidedUntilMs = 0 }: Upstream): boolean => avoidedUntilMs > nowMs
    const open = this.servers.filter(({ isLoop }) => !isLoop)
    const order = [...open.filter(server => !isAvoided(server)), ...open.filter(isAvoided)]
    let cancel: Cancel = () => {}
    const askFrom = (index: number, failure: UpstreamOutcome): void => {
      const server = order[index]
      if (server === undefined) return done(failure)
      cancel = askUpstream(server, query, { env: this.#env, timeoutMs: this.#timeoutMs }, outcome => {
        this.#note(server, outcome)
        if (outcome.kind === 'answer') done(outcome)
        else askFrom(index + 1, outcome)
      })
    }
    askFrom(0, { kind: 'failed', reason: 'no server' })
    return () => cancel()
  }

  #note(server: Upstream, outcome: UpstreamOutcome): void {
    const { zone, address, port } = server
    const fields = { zone, server: `${address} port ${port}` }
    if (outcome.kind === 'failed') {
      if (server.avoidedUntilMs === undefined)
        this.#env.logger.warn(
          { ...fields, reason: outcome.reason },
          'a DNS server that questions are forwarded to failed',
        )
      server.avoidedUntilMs = this.#env.clock.monotonic() + AVOIDED_MS
    } else if (server.avoidedUntilMs !== undefined) {
      server.avoidedUntilMs = undefined
      this.#env.logger.info(fields, 'a DNS server that questions are forwarded to answers again')
    }
  }
}
