import type { Cancel, Env } from '../../../core/index.js'
import { nameKey } from '../../dns/dns-name.js'
import type { ForeignQuestion } from '../../dns/foreign-question.js'
import { forwardedQuery } from '../../dns/forwarded-answer.js'
import type { AgedAnswer } from './answer-cache.js'
import { AnswerCache } from './answer-cache.js'
import type { DnsForwardOptions } from './forward-options.js'
import { FORWARD_CACHE_BYTES, FORWARD_PENDING_MAX, FORWARD_TIMEOUT_MS } from './forward-options.js'
import { LoopProbes } from './loop-probes.js'
import { queryId } from './query-id.js'
import { parseUpstreamServer } from './upstream-server.js'
import type { Upstream } from './upstreams.js'
import { Upstreams } from './upstreams.js'

/** What a client wants beside the answer. */
export interface ForwardWants {
  readonly dnssecOk: boolean
  readonly checkingDisabled: boolean
}

/** Has questions answered by other servers. */
export interface DnsForwarder {
  /**
   * Calls back once, now or later, with undefined when no answer can be had; at the latest when every server of the
   * zone had its time. False when no zone has the name: then it does not call back.
   */
  forward(
    question: ForeignQuestion,
    wants: ForwardWants,
    done: (forwarded: AgedAnswer | undefined) => void,
  ): boolean
  /** Looks whether a server asks us in turn. To be called once, when we can be asked. */
  findLoops(): void
  /** Ends every query without calling back. Idempotent. */
  close(): void
}

/** A zone whose names others have. */
interface ForwardedZone {
  readonly upstreams: Upstreams
  /** Questions of clients that wait: those of a zone whose servers are dead take no places from another. */
  pending: number
}

interface Waiting {
  readonly clients: ((forwarded: AgedAnswer | undefined) => void)[]
  cancel: Cancel
}

/**
 * Forwards questions. The same question asked by several clients at once goes out once, which also ends a loop of
 * servers that ask each other; a loop is looked for at the start too, and its zone then fails at once.
 *
 * Answers are kept for their TTL, in a cache of bounded size; failures are not.
 */
export function createDnsForwarder(options: DnsForwardOptions, env: Env, ednsBytes: number): DnsForwarder {
  const {
    timeoutMs = FORWARD_TIMEOUT_MS,
    pendingMax = FORWARD_PENDING_MAX,
    cacheBytes = FORWARD_CACHE_BYTES,
  } = options
  const zones = new Map(
    Object.entries(options.zones).map(([zone, servers]): [string, ForwardedZone] => [
      nameKey(zone) ?? '',
      { upstreams: new Upstreams(upstreamsOf(zone, servers), env, timeoutMs), pending: 0 },
    ]),
  )
  const cache = new AnswerCache(cacheBytes, env.clock)
  const waiting = new Map<string, Waiting>()
  const probes = new LoopProbes(
    [...zones.values()].flatMap(({ upstreams }) => upstreams.servers),
    env,
    timeoutMs,
  )

  const ask = (zone: ForwardedZone, key: string, question: ForeignQuestion, wants: ForwardWants): Waiting => {
    const entry: Waiting = { clients: [], cancel: () => {} }
    waiting.set(key, entry)
    const query = forwardedQuery(queryId(env), question, { ...wants, ednsBytes })
    entry.cancel = zone.upstreams.ask(query, outcome => {
      waiting.delete(key)
      zone.pending -= entry.clients.length
      const answer = outcome.kind === 'answer' ? outcome.answer : undefined
      if (answer !== undefined) cache.keep(key, answer)
      for (const client of entry.clients) client(answer && { answer, ageSeconds: 0 })
    })
    return entry
  }

  return {
    forward: (question, wants, done) => {
      const name = nameKey(question.name) ?? ''
      const zone = zoneOf(zones, name)
      if (zone === undefined) return false
      const key = `${name} ${question.typeCode} ${Number(wants.dnssecOk)}${Number(wants.checkingDisabled)}`
      // What is kept is given although nothing more can be asked.
      const kept = cache.find(key)
      if (
        kept !== undefined ||
        probes.sees(firstLabel(name)) ||
        !zone.upstreams.isOpen ||
        zone.pending >= pendingMax
      ) {
        done(kept)
        return true
      }
      zone.pending++
      const entry = waiting.get(key) ?? ask(zone, key, question, wants)
      entry.clients.push(done)
      return true
    },
    findLoops: () => probes.start(),
    close: () => {
      probes.close()
      for (const { cancel } of waiting.values()) cancel()
      waiting.clear()
    },
  }
}

function upstreamsOf(zone: string, servers: readonly string[]): readonly Upstream[] {
  return servers.flatMap(text => {
    const server = parseUpstreamServer(text)
    return server === undefined
      ? []
      : [{ zone, address: server.address, port: server.port, avoidedUntilMs: undefined, isLoop: false }]
  })
}

/** The longest zone that ends a name; both as keys. */
function zoneOf(zones: ReadonlyMap<string, ForwardedZone>, name: string): ForwardedZone | undefined {
  for (let from = 0; from <= name.length; from += 1 + lengthAt(name, from)) {
    const found = zones.get(name.slice(from))
    if (found !== undefined) return found
  }
  return undefined
}

function firstLabel(name: string): string {
  return name.slice(1, 1 + lengthAt(name, 0))
}

/** The length byte of a label in a key; 0 behind the last one. */
function lengthAt(name: string, at: number): number {
  return at < name.length ? name.charCodeAt(at) : 0
}
