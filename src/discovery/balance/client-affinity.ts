import { assertKnown, assertValid, knownOptions, wholeNumber } from '../../core/internal.js'

/** Which endpoint each client is kept at. */
export interface ClientAffinity {
  /** The endpoint of the client, if it has one that is still eligible and its time is not over; renews the time. */
  find(client: string, nowMs: number): string | undefined
  /** Keeps the client at the endpoint from now on. */
  keep(client: string, endpoint: string, nowMs: number): void
  /** Which endpoints may be kept at; clients of others lose theirs at once. */
  update(eligible: ReadonlySet<string>): void
  readonly size: number
  readonly timeoutMs: number
}

/** How clients are kept. */
export interface ClientAffinityOptions {
  /** How long after its last connection. Default 10 800 000, three hours. */
  readonly timeoutMs?: number
  /** Clients at a time; the one that was silent longest is forgotten. Default 65 536. */
  readonly maxClients?: number
}

const CLIENT_AFFINITY_OPTIONS = /* @__PURE__ */ knownOptions<ClientAffinityOptions>('createClientAffinity', {
  timeoutMs: true,
  maxClients: true,
})

/**
 * A table of clients and their endpoints, with a time that each connection renews. A client leaves an endpoint as soon as
 * that is no longer eligible, not when its time is over.
 *
 * @throws InvalidError for an option out of bounds
 */
export function createClientAffinity(options: ClientAffinityOptions = {}): ClientAffinity {
  assertKnown(options, CLIENT_AFFINITY_OPTIONS)
  const { timeoutMs = 10_800_000, maxClients = 65_536 } = options
  assertValid('client affinity', [
    ...wholeNumber('timeoutMs', timeoutMs, { min: 1 }),
    ...wholeNumber('maxClients', maxClients, { min: 1 }),
  ])
  return new Clients(timeoutMs, maxClients)
}

class Clients implements ClientAffinity {
  readonly timeoutMs: number
  readonly #clientsMax: number
  /** In the order of their last connections. */
  readonly #clients = new Map<
    string,
    { readonly endpoint: string; readonly atMs: number; readonly since: number | undefined }
  >()
  /** Since which update an endpoint has been eligible: one that comes back does not get its clients back. */
  #eligible = new Map<string, number>()
  #updates = 0

  constructor(timeoutMs: number, clientsMax: number) {
    this.timeoutMs = timeoutMs
    this.#clientsMax = clientsMax
  }

  get size(): number {
    return this.#clients.size
  }

  readonly find: ClientAffinity['find'] = (client, nowMs) => {
    const entry = this.#clients.get(client)
    if (entry === undefined) return undefined
    const since = this.#eligible.get(entry.endpoint)
    if (nowMs - entry.atMs > this.timeoutMs || since === undefined || since !== entry.since) {
      this.#clients.delete(client)
      return undefined
    }
    this.keep(client, entry.endpoint, nowMs)
    return entry.endpoint
  }

  readonly keep: ClientAffinity['keep'] = (client, endpoint, nowMs) => {
    const clients = this.#clients
    clients.delete(client)
    clients.set(client, { endpoint, atMs: nowMs, since: this.#eligible.get(endpoint) })
    const [oldest] = clients.keys()
    if (clients.size > this.#clientsMax && oldest !== undefined) clients.delete(oldest)
  }

  readonly update: ClientAffinity['update'] = next => {
    this.#updates++
    this.#eligible = new Map(
      [...next].map(endpoint => [endpoint, this.#eligible.get(endpoint) ?? this.#updates]),
    )
  }
}
