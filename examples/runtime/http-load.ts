import { Resolver } from 'node:dns/promises'
import type { IncomingMessage } from 'node:http'
import { Agent, request } from 'node:http'
import type { Cancel, Env } from 'keelson/core'

/** A steady stream of requests, as clients would send them. */
export type HttpLoadOptions = LoadOptions & (NameOptions | { lookUp(): Promise<string> })

/** A name that is looked up for every fresh connection. */
interface NameOptions {
  readonly hostname: string
  /** Our DNS server. */
  readonly dns: { readonly address: string; readonly port: number }
}

interface LoadOptions {
  readonly env: Env
  /** Where a resolved address and the service's port are really listened on. */
  dial(address: string): { readonly host: string; readonly port: number }
  /** At most; fewer while answers take so long that 32 are outstanding. */
  readonly requestsPerSecond: number
}

/** What a client saw. */
export interface LoadReport {
  readonly sent: number
  readonly failed: number
  readonly failures: readonly string[]
  readonly latenciesMs: readonly number[]
  /** Answers by version. */
  readonly versions: ReadonlyMap<string, number>
}

/** A load that runs from `begin` to `stop`. */
export interface HttpLoad {
  begin(): void
  /** Versions that a right answer may have from now on. */
  expect(versions: readonly string[]): void
  /**
   * What became of the requests since the last `take`. Resolves when those on their way are answered: what is done to the
   * servers after it is not held against them.
   */
  take(): Promise<LoadReport>
  /** No further requests; resolves when the last one is answered. */
  stop(): Promise<void>
}

/** Longer than a busy machine may hold up the whole process, whose clients would time out before they look for answers. */
const REQUEST_TIMEOUT_MS = 15_000
/** On a machine that is too busy, more of them would wait for each other until they time out. */
const OUTSTANDING_MAX = 32

/** Half of the requests look the name up and open a connection of their own; the others share kept-alive ones. */
export function createHttpLoad(options: HttpLoadOptions): HttpLoad {
  const { env } = options
  const { lookUp, close } =
    'lookUp' in options ? { lookUp: options.lookUp, close: () => {} } : lookUpByName(options)
  // In turn: a socket that others overtake would stay idle, and its server, which leaves with the next answer, too.
  const keptAlive = new Agent({ keepAlive: true, maxSockets: 4, scheduling: 'fifo' })
  const inFlight = new Set<Promise<void>>()
  let report = emptyReport()
  let expected: readonly string[] = []
  let address: Promise<string> | undefined
  let count = 0
  let cancel: Cancel = () => {}

  const send = async (fresh: boolean, allowed: readonly string[]): Promise<void> => {
    const into = report
    const startedAt = env.clock.monotonic()
    into.sent += 1
    try {
      if (fresh || address === undefined) address = lookUp()
      const target = options.dial(await address)
      const version = await ask(target, fresh ? undefined : keptAlive)
      into.versions.set(version, (into.versions.get(version) ?? 0) + 1)
      if (!allowed.includes(version) && !expected.includes(version))
        throw new Error(`unexpected version ${version}`)
      into.latenciesMs.push(env.clock.monotonic() - startedAt)
    } catch (error) {
      address = undefined
      into.failed += 1
      if (into.failures.length < 20) into.failures.push(`${fresh ? 'fresh' : 'kept-alive'}: ${String(error)}`)
    }
  }

  const tick = (startedAt: number): void => {
    const due = ((env.clock.monotonic() - startedAt) / 1000) * options.requestsPerSecond
    for (; count < due; count += 1) {
      if (inFlight.size >= OUTSTANDING_MAX) continue
      const one = send(count % 2 === 0, expected)
      inFlight.add(one)
      void one.finally(() => inFlight.delete(one))
    }
    cancel = env.clock.after(5, () => tick(startedAt))
  }

  return {
    begin: () => tick(env.clock.monotonic()),
    expect: versions => void (expected = versions),
    async take() {
      const taken = report
      report = emptyReport()
      await Promise.all(inFlight)
      return taken
    },
    async stop() {
      cancel()
      await Promise.all(inFlight)
      keptAlive.destroy()
      close()
    },
  }
}

function lookUpByName({ hostname, dns }: NameOptions): { lookUp(): Promise<string>; close(): void } {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  resolver.setServers([`${dns.address}:${dns.port}`])
  return {
    lookUp: async () => {
      const [found] = await resolver.resolve4(hostname)
      if (found === undefined) throw new Error(`${hostname} has no address`)
      return found
    },
    close: () => resolver.cancel(),
  }
}

function emptyReport() {
  return {
    sent: 0,
    failed: 0,
    failures: [] as string[],
    latenciesMs: [] as number[],
    versions: new Map<string, number>(),
  }
}

/** One GET; resolves with the answering version. */
function ask(target: { host: string; port: number }, agent: Agent | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ ...target, path: '/', agent: agent ?? false, timeout: REQUEST_TIMEOUT_MS })
    outgoing.once('timeout', () => outgoing.destroy(new Error('timed out')))
    outgoing.once('error', reject)
    outgoing.once('response', response => void versionOf(response).then(resolve, reject))
    outgoing.end()
  })
}

async function versionOf(response: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of response) body += String(chunk)
  if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`)
  return (JSON.parse(body) as { version: string }).version
}
