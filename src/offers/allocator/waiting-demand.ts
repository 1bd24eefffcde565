import type { QuotaNode, QuotaTree } from '../../core/internal.js'
import type { Client } from './allocation-records.js'
import type { Vector } from './columns.js'
import { addTo } from './columns.js'
import { openAmounts } from './subscription.js'

/** What the clients of a role, and of those below, wait for. */
interface Waiting {
  readonly amounts: number[]
  /** How many there are, and how many of them do not say. */
  clients: number
  silent: number
}

/** Most of one resource that a client counts for, in thousandths: so many of them still add up exactly. */
const AMOUNT_MAX = 2 ** 43

/** What a client counts for; undefined: it does not say what it waits for. */
type Part = Vector | undefined

/**
 * Keeps what roles wait for, so that of their guarantees no more is held back than they could use: of resources that
 * nobody in a role asks for, nothing. A role with a framework that does not say what it waits for, or with none, has all
 * of its guarantees held back.
 */
export class WaitingDemand {
  readonly #quota: QuotaTree
  readonly #byRole = new Map<QuotaNode, Waiting>()
  readonly #parts = new Map<Client, Part>()
  /** Clients that ask for something in particular. */
  readonly demanding: Set<Client> = new Set()

  constructor(quota: QuotaTree) {
    this.#quota = quota
  }

  /** The demand of a client, or what open offers hold of it, has changed. O(depth × columns). */
  refresh(client: Client): void {
    const { demand } = client
    const part = demand === undefined ? undefined : openAmounts(client).map(most)
    if (demand !== undefined && demand.length > 0) this.demanding.add(client)
    else this.demanding.delete(client)
    if (this.#parts.has(client)) {
      if (part === undefined && this.#parts.get(client) === undefined) return
      this.#count(client, this.#parts.get(client), -1)
    }
    this.#parts.set(client, part)
    this.#count(client, part, 1)
    this.#tell(client)
  }

  /** A client has gone. */
  drop(client: Client): void {
    if (!this.#parts.has(client)) return
    this.#count(client, this.#parts.get(client), -1)
    this.#parts.delete(client)
    this.demanding.delete(client)
    this.#tell(client)
  }

  #count({ role }: Client, part: Part, sign: 1 | -1): void {
    for (let node: QuotaNode | undefined = role.quota; node?.parent !== undefined; node = node.parent) {
      const waiting = this.#byRole.get(node) ?? { amounts: [], clients: 0, silent: 0 }
      this.#byRole.set(node, waiting)
      waiting.clients += sign
      if (part === undefined) waiting.silent += sign
      else addTo(waiting.amounts, part, sign)
    }
  }

  #tell({ role }: Client): void {
    for (let node: QuotaNode | undefined = role.quota; node?.parent !== undefined; node = node.parent) {
      const { amounts, clients, silent } = this.#byRole.get(node) as Waiting
      this.#quota.setWaiting(node.path, clients > 0 && silent === 0 ? amounts : undefined)
      if (clients === 0) this.#byRole.delete(node)
    }
  }
}

function most(amount: number): number {
  return Math.min(amount, AMOUNT_MAX)
}
