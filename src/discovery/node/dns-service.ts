import type { Env } from '../../core/index.js'
import type { DnsResponder } from '../dns/dns-responder.js'
import type { ForeignQuestion } from '../dns/foreign-question.js'
import { foreignQuestion } from '../dns/foreign-question.js'
import { failedResponse, forwardedResponse, isCheckingDisabled } from '../dns/forwarded-answer.js'
import type { PlainRequest } from '../dns/plain-request.js'
import { readPlainRequest } from '../dns/plain-request.js'
import type { ResponseRateLimit } from '../dns/response-rate.js'
import { truncatedResponse } from '../dns/response-rate.js'
import type { DnsForwarder } from './forward/dns-forwarder.js'

/** Who asks, and over what. */
export interface DnsClient {
  readonly address: string
  readonly transport: 'udp' | 'tcp'
}

/** Answers requests of clients, from the registry or from other servers. */
export interface DnsService {
  /** Calls back once, now or later; undefined is silence. After `close()` it may not call back. */
  answer(request: Uint8Array, client: DnsClient, reply: (response: Uint8Array | undefined) => void): void
  /** To be called once requests can arrive: servers that would ask this one are looked for. */
  start(): void
  /** Ends what waits for other servers. Idempotent. */
  close(): void
}

/** What a service is made of. */
export interface DnsServiceParts {
  readonly responder: DnsResponder
  readonly env: Env
  readonly ednsBytes: number
  /** Who may ask at all. Absent: everybody. */
  readonly isAllowed?: (client: string) => boolean
  readonly forwarder?: DnsForwarder
  /** Who may have questions forwarded. */
  readonly mayForward: (client: string) => boolean
  readonly rateLimit?: ResponseRateLimit
}

const RECURSION_AVAILABLE = 0x80
const REFUSED = 5

/** Puts the parts together: who may ask, our answer, what others know, and how much of it is sent. */
export function createDnsService(parts: DnsServiceParts): DnsService {
  const { responder, env, isAllowed, forwarder, rateLimit } = parts
  const limited = (client: DnsClient, response: Uint8Array | undefined): Uint8Array | undefined => {
    if (rateLimit === undefined || response === undefined || client.transport === 'tcp') return response
    const verdict = rateLimit.decide(client.address, response, env.clock.monotonic())
    if (verdict === 'send') return response
    return verdict === 'truncate' ? truncatedResponse(response) : undefined
  }
  return {
    answer: (request, client, reply) => {
      if (isAllowed !== undefined && !isAllowed(client.address))
        return reply(limited(client, refusal(request)))
      const response = responder.respond(request, client.transport)
      if (response === undefined || forwarder === undefined || !parts.mayForward(client.address))
        return reply(limited(client, response))
      response[3] = (response[3] as number) | RECURSION_AVAILABLE
      const isForwarded = forwardRest({ request, response, client }, forwarder, parts.ednsBytes, rest =>
        reply(limited(client, rest)),
      )
      if (!isForwarded) reply(limited(client, response))
    },
    start: () => forwarder?.findLoops(),
    close: () => forwarder?.close(),
  }
}

interface Exchange {
  readonly request: Uint8Array
  readonly response: Uint8Array
  readonly client: DnsClient
}

/** Asks others for what our response leaves to them; false when it leaves nothing. */
function forwardRest(
  { request, response, client }: Exchange,
  forwarder: DnsForwarder,
  ednsBytes: number,
  reply: (response: Uint8Array) => void,
): boolean {
  const plain: PlainRequest = { hash: 0, end: 0, recursionDesired: false, udpSize: -1, dnssecOk: false }
  if (!readPlainRequest(request, plain)) return false
  const question: ForeignQuestion | undefined = foreignQuestion(request, plain, response)
  if (question === undefined) return false
  const { transport } = client
  const wants = { dnssecOk: plain.dnssecOk, checkingDisabled: isCheckingDisabled(request) }
  const sent = { request, plain, transport, ednsBytes, aliases: question.aliases }
  return forwarder.forward(question, wants, forwarded =>
    reply(
      forwarded === undefined
        ? failedResponse(sent)
        : forwardedResponse(forwarded.answer, {
            request,
            plain,
            transport,
            ednsBytes,
            aliases: question.aliases,
            ageSeconds: forwarded.ageSeconds,
          }),
    ),
  )
}

/** REFUSED, with nothing but the header. */
function refusal(request: Uint8Array): Uint8Array | undefined {
  if (request.length < 12 || ((request[2] as number) & 0x80) !== 0) return undefined
  const response = new Uint8Array(12)
  response.set(request.subarray(0, 2))
  response[2] = 0x80 | ((request[2] as number) & 0x79)
  response[3] = REFUSED
  return response
}
