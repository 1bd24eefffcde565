import { createDenials, soleSoa } from '../../src/discovery/dns/dns-denial.js'
import { readName } from '../../src/discovery/dns/dns-name.js'
import { createDnsResponder } from '../../src/discovery/dns/dns-responder.js'
import type { PlainRequest } from '../../src/discovery/dns/plain-request.js'
import { readPlainRequest } from '../../src/discovery/dns/plain-request.js'
import { takeBytes } from '../../src/discovery/dns/response-bytes.js'
import { askedOf } from './dns-asking.js'
import { requestFor } from './dns-registry.js'
import { cpuNsOf } from './process-cpu.js'

const QUESTIONS = 20_000
const ROUNDS = 15
const QUESTION_AT = 12

/** Processor time in ns of what an answer consists of, stage by stage. */
export interface Stages {
  readonly hit: number
  readonly hitOf100: number
  readonly denial: number
  /** What each of them begins with: the request is checked, and its hash made. */
  readonly readRequest: number
  /** Of 73 addresses, as many as fit: memory, and the copy that the id and the spelling are written into. */
  readonly copyOf100: number
  readonly readName: number
  readonly resolveMissing: number
  readonly renderDenial: number
}

/** The stages of hits and denials among so many names, each in a loop of its own. */
export function measureStages(size: number): Stages {
  const hit = askedOf(size, QUESTIONS, {})
  const missing = askedOf(size, QUESTIONS, { missing: true })
  const many = askedOf(100, QUESTIONS, { endpoints: 100 })
  const plain: PlainRequest = { hash: 0, end: 0, recursionDesired: false, udpSize: -1, dnssecOk: false }
  const requestsOf = (names: readonly string[]): readonly Buffer[] => names.map(name => requestFor(name))
  const answersOf = ({ registry, names }: typeof hit): (() => void) => {
    const responder = createDnsResponder(registry)
    const requests = requestsOf(names)
    return () => {
      for (const request of requests) responder.respond(request, 'udp')
    }
  }
  const requests = requestsOf(missing.names)
  const resolved = missing.names.map(name => missing.registry.resolve({ name, type: 'A' }))
  const soa = resolved[0] && soleSoa(resolved[0])
  if (soa === undefined) throw new Error('a name is there that should be missing')
  const long = createDnsResponder(many.registry).respond(requestFor(many.names[0] ?? '.'), 'udp')
  const denials = createDenials(1232)
  const readRequest = perQuestion(() => {
    for (const request of requests) readPlainRequest(request, plain)
  })
  const readAndRender = perQuestion(() => {
    for (const [i, request] of requests.entries()) {
      readPlainRequest(request, plain)
      denials.response(request, plain, resolved[i] ?? { rcode: 'NXDOMAIN', authoritative: true }, soa)
    }
  })
  return {
    hit: perQuestion(answersOf(hit)),
    hitOf100: perQuestion(answersOf(many)),
    denial: perQuestion(answersOf(missing)),
    readRequest,
    copyOf100: perQuestion(() => {
      for (let n = 0; n < QUESTIONS; n++) takeBytes(long?.length ?? 0).set(long ?? [])
    }),
    readName: perQuestion(() => {
      for (const request of requests) readName(request, QUESTION_AT)
    }),
    resolveMissing: perQuestion(() => {
      for (const name of missing.names) missing.registry.resolve({ name, type: 'A' })
    }),
    renderDenial: readAndRender - readRequest,
  }
}

/** The best of some rounds, since the others were disturbed. */
function perQuestion(round: () => void): number {
  let best = Number.POSITIVE_INFINITY
  for (let n = 0; n < ROUNDS; n++) {
    const startNs = cpuNsOf(process.pid)
    round()
    best = Math.min(best, cpuNsOf(process.pid) - startNs)
  }
  return best / QUESTIONS
}
