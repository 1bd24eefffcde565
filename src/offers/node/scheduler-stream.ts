import type { ServerResponse } from 'node:http'
import type { Cancel, Env } from '../../core/index.js'
import type { Session } from '../pool/session.js'
import type { SessionEvent } from '../pool/session-event.js'
import type { SchedulerEvent } from './scheduler-event.js'
import {
  errorEvent,
  HEARTBEAT,
  mesosUuid,
  offersEvent,
  recordOf,
  rescindEvent,
  subscribedEvent,
  updateEvent,
} from './scheduler-event.js'

/** Bounds of a stream. */
export interface StreamLimits {
  readonly heartbeatIntervalMs: number
  readonly unsentBytesMax: number
}

/** An update that was told and is not acknowledged. */
interface Unacknowledged {
  readonly uuid: string
  readonly ack: () => void
}

/**
 * The events of one session on their way to its client, as RecordIO. Ends when the client goes, which disconnects the
 * session; when another one takes over; when the pool closes; and when the client reads too slowly.
 */
export class SchedulerStream {
  readonly id: string
  readonly session: Session
  /** Resolves when its connection is over. */
  readonly closed: Promise<void>
  readonly #response: ServerResponse
  readonly #env: Env
  readonly #limits: StreamLimits
  /** Of each task at most one is in flight. */
  readonly #unacknowledged = new Map<string, Unacknowledged>()
  readonly #stopReading: Cancel
  #stopHeartbeat: Cancel = () => {}

  constructor(
    session: Session,
    response: ServerResponse,
    parts: {
      readonly id: string
      readonly env: Env
      readonly limits: StreamLimits
      readonly ended: () => void
    },
  ) {
    const { id, env, limits, ended } = parts
    this.id = id
    this.session = session
    this.#response = response
    this.#env = env
    this.#limits = limits
    this.closed = new Promise(resolve => {
      response.once('close', () => {
        this.#stopHeartbeat()
        this.#stopReading()
        session.disconnect()
        ended()
        resolve()
      })
    })
    response.writeHead(200, {
      'content-type': 'application/json',
      'mesos-stream-id': id,
      connection: 'close',
    })
    this.send(subscribedEvent(session.id, limits.heartbeatIntervalMs))
    this.#beat()
    this.#stopReading = session.on(
      event => this.#tell(event),
      () => this.end(),
    )
  }

  send(event: SchedulerEvent): void {
    const { writableLength, writableEnded, destroyed } = this.#response
    if (writableEnded || destroyed) return
    if (writableLength > this.#limits.unsentBytesMax) {
      const { id: framework } = this.session
      this.#env.logger.warn(
        { framework, unsentBytes: writableLength },
        'a scheduler reads too slowly: its stream is ended',
      )
      this.#response.destroy()
      return
    }
    this.#response.write(recordOf(event))
  }

  /** False when no such update waits: it was acknowledged before, or a newer stream told it. */
  acknowledge(task: string, uuid: string): boolean {
    const waiting = this.#unacknowledged.get(task)
    if (waiting === undefined || waiting.uuid !== uuid) return false
    this.#unacknowledged.delete(task)
    waiting.ack()
    return true
  }

  /** A client that does not read to the end is cut off a heartbeat later. */
  end(): void {
    this.#response.end()
    this.#stopHeartbeat()
    this.#stopHeartbeat = this.#env.clock.after(this.#limits.heartbeatIntervalMs, () =>
      this.#response.destroy(),
    )
  }

  #beat(): void {
    this.#stopHeartbeat = this.#env.clock.after(this.#limits.heartbeatIntervalMs, () => {
      this.send(HEARTBEAT)
      this.#beat()
    })
  }

  #tell(event: SessionEvent): void {
    switch (event.type) {
      case 'offers':
        return this.send(offersEvent(event.offers, this.session.id))
      case 'rescind':
        return this.send(rescindEvent(event.offer))
      case 'update': {
        const { update, ack } = event
        if (update.uuid !== undefined)
          this.#unacknowledged.set(update.task, { uuid: mesosUuid(update.uuid), ack })
        return this.send(updateEvent(update))
      }
      case 'failedOver':
        return this.send(errorEvent('Framework failed over'))
      // The end of the stream tells it; an ERROR would mean that the scheduler must give up.
      default:
        return undefined
    }
  }
}
