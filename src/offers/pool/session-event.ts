import type { Offer, RescindReason } from './offer.js'
import type { TaskUpdate } from './update-stream.js'

/** What a framework hears from its pool. */
export type SessionEvent =
  | { readonly type: 'offers'; readonly offers: readonly Offer[] }
  /** The offer can no longer be used; whatever was launched on it goes on. */
  | { readonly type: 'rescind'; readonly offer: string; readonly reason: RescindReason }
  /** News of a task. Comes again until it is acknowledged. */
  | { readonly type: 'update'; readonly update: TaskUpdate; readonly ack: () => void }
  /** Another session with the same id took over; nothing comes any more. */
  | { readonly type: 'failedOver' }
  | { readonly type: 'closed' }

/**
 * Events that nobody has read yet. Bounded: beyond the limit the oldest unread offers are given back to the pool;
 * updates are never dropped; one that is told again before it was read waits once. An offer that is rescinded before it was read is not heard of at all.
 */
export class EventQueue {
  readonly #events: SessionEvent[] = []
  readonly #eventsMax: number
  readonly #unreadUpdates = new Set<string>()
  #unread = 0
  #waiting: (() => void) | undefined
  #ended = false

  constructor(eventsMax: number) {
    this.#eventsMax = eventsMax
  }

  get size(): number {
    return this.#events.length
  }

  /** @returns offers to be given back because nobody reads */
  push(event: SessionEvent): readonly Offer[] {
    if (this.#ended) return event.type === 'offers' ? event.offers : []
    const uuid = uuidOf(event)
    if (uuid !== undefined) {
      if (this.#unreadUpdates.has(uuid)) return []
      this.#unreadUpdates.add(uuid)
    }
    this.#events.push(event)
    if (event.type === 'offers') this.#unread += event.offers.length
    this.#wake()
    if (this.#events.length <= this.#eventsMax) return []
    const oldest = this.#events.findIndex(({ type }) => type === 'offers')
    const [dropped] = oldest < 0 ? [] : this.#events.splice(oldest, 1)
    if (dropped?.type !== 'offers') return []
    this.#unread -= dropped.offers.length
    return dropped.offers
  }

  /** Takes an offer out that was not read yet. False when it was read. */
  withdraw(offer: string): boolean {
    if (this.#unread === 0) return false
    const at = this.#events.findIndex(
      event => event.type === 'offers' && event.offers.some(({ id }) => id === offer),
    )
    const event = this.#events[at]
    if (event?.type !== 'offers') return false
    const offers = event.offers.filter(({ id }) => id !== offer)
    this.#unread--
    if (offers.length === 0) this.#events.splice(at, 1)
    else this.#events[at] = { type: 'offers', offers }
    return true
  }

  /** All events that came so far. */
  take(): readonly SessionEvent[] {
    this.#unread = 0
    this.#unreadUpdates.clear()
    return this.#events.splice(0)
  }

  shift(): SessionEvent | undefined {
    const event = this.#events.shift()
    if (event?.type === 'offers') this.#unread -= event.offers.length
    this.#unreadUpdates.delete(uuidOf(event) ?? '')
    return event
  }

  /** Nothing comes after what came so far. */
  end(): void {
    this.#ended = true
    this.#wake()
  }

  /** Resolves once there is an event, or nothing comes any more. */
  async ready(): Promise<void> {
    while (this.#events.length === 0 && !this.#ended)
      await new Promise<void>(resolve => {
        this.#waiting = resolve
      })
  }

  /** The next event, once there is one; undefined after the end. */
  async next(): Promise<SessionEvent | undefined> {
    await this.ready()
    return this.shift()
  }

  #wake(): void {
    this.#waiting?.()
    this.#waiting = undefined
  }
}

/** Names an update among those of all tasks; a driver's own uuid need only differ within its task. */
function uuidOf(event: SessionEvent | undefined): string | undefined {
  if (event?.type !== 'update' || event.update.uuid === undefined) return undefined
  return JSON.stringify([event.update.task, event.update.uuid])
}
