import type { Cancel, Env } from '../../../core/index.js'
import { forwardedQuery } from '../../dns/forwarded-answer.js'
import { askUpstream } from './ask-upstream.js'
import { queryId } from './query-id.js'
import type { Upstream } from './upstreams.js'

/** While a server asks us, it is looked at again after this long. */
const AGAIN_MS = 30_000
/** HINFO: a type that nothing else asks for. */
const PROBE_TYPE_CODE = 13
const WANTS = { dnssecOk: false, checkingDisabled: false, ednsBytes: 512 }

interface Probe {
  readonly server: Upstream
  /** Its question came back to us. */
  isSeen: boolean
}

/**
 * Finds out whether a server asks us in turn: it is asked once at the start for a name that cannot be guessed. When that
 * name comes back to us, the server is not asked any more, and the log says so; it is tried again every half minute.
 */
export class LoopProbes {
  readonly #servers: readonly Upstream[]
  readonly #env: Env
  readonly #timeoutMs: number
  /** Probes under way by the first label of the name that their server was asked for. */
  readonly #asked = new Map<string, Probe>()
  readonly #cancels = new Set<Cancel>()

  constructor(servers: readonly Upstream[], env: Env, timeoutMs: number) {
    this.#env = env
    this.#timeoutMs = timeoutMs
    this.#servers = servers
  }

  start(): void {
    for (const server of this.#servers) this.#probe(server, false)
  }

  /** Whether a question that came in begins with the label of a probe: then it is one. */
  sees(label: string | undefined): boolean {
    const probe = label === undefined ? undefined : this.#asked.get(label)
    if (probe === undefined) return false
    probe.isSeen = true
    probe.server.isLoop = true
    return true
  }

  close(): void {
    for (const cancel of this.#cancels) cancel()
    this.#cancels.clear()
  }

  /** A server that asked us is not asked for clients until a probe of it has ended without being seen. */
  #probe(server: Upstream, wasLoop: boolean): void {
    const label = this.#env.ids.next().toLowerCase()
    const probe: Probe = { server, isSeen: false }
    this.#asked.set(label, probe)
    const name = `${label}.${server.zone}`
    const question = {
      name: name.endsWith('.') ? name.replace('..', '.') : `${name}.`,
      typeCode: PROBE_TYPE_CODE,
    }
    const query = forwardedQuery(queryId(this.#env), question, WANTS)
    const options = { env: this.#env, timeoutMs: this.#timeoutMs }
    const cancel = askUpstream(server, query, options, () => {
      this.#cancels.delete(cancel)
      this.#asked.delete(label)
      server.isLoop = probe.isSeen
      this.#judge(server, wasLoop)
    })
    this.#cancels.add(cancel)
  }

  #judge(server: Upstream, wasLoop: boolean): void {
    const { zone, address, port, isLoop } = server
    const fields = { zone, server: `${address} port ${port}` }
    if (isLoop && !wasLoop)
      this.#env.logger.warn(
        fields,
        'a DNS server that questions are forwarded to asks this one: it is not asked',
      )
    if (!isLoop && wasLoop)
      this.#env.logger.info(
        fields,
        'a DNS server does not ask this one any more: questions are forwarded to it',
      )
    if (!isLoop) return
    const cancel = this.#env.clock.after(AGAIN_MS, () => {
      this.#cancels.delete(cancel)
      this.#probe(server, true)
    })
    this.#cancels.add(cancel)
  }
}
