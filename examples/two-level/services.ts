import { readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { OfferPool, Session, Want } from 'keelson/offers'
import { LaunchBackoff, matchOffers, spreadFitness } from 'keelson/offers'
import type { Program } from './processes.js'

interface MarathonApp {
  readonly id: string
  readonly cmd: string
  readonly cpus: number
  readonly mem: number
  readonly instances: number
  readonly env: Readonly<Record<string, string>>
}

/** A service scheduler: keeps so many instances of an app running, on different hosts where it can. */
export class Services {
  readonly session: Session
  /** Where running instances listen. */
  readonly addresses: Map<string, string> = new Map()
  readonly #app: MarathonApp
  readonly #directory: string
  readonly #backoff = new LaunchBackoff({ baseMs: 200 })
  readonly #launched = new Set<string>()
  #serial = 0

  constructor(pool: OfferPool, file: string) {
    this.#app = JSON.parse(readFileSync(file, 'utf8')) as MarathonApp
    this.#directory = dirname(file)
    this.session = pool.subscribe({ name: 'services', id: 'services', roles: ['services'] })
    this.#ask()
  }

  get isComplete(): boolean {
    return this.addresses.size === this.#app.instances
  }

  /** Reads events until the pool closes. */
  async run(): Promise<void> {
    for await (const event of this.session) {
      if (event.type === 'offers') {
        const plan = matchOffers(this.#wants(), event.offers, { fitness: spreadFitness(), nowMs: Date.now() })
        for (const offer of event.offers) {
          const mine = plan.assign.filter(each => each.offer === offer)
          if (mine.length === 0) continue
          for (const { want } of mine) this.#launched.add(want.id)
          const tasks = mine.map(({ want, take }) => ({ id: want.id, need: {}, take, data: this.#program() }))
          const [launch] = await this.session.accept([offer], [{ op: 'launch', tasks }])
          for (const { id } of launch.failed) this.#ended(id)
        }
        this.session.decline(plan.unused, { refuseMs: 'changed' })
        this.#ask()
      } else if (event.type === 'update') {
        const { task, state, message = '' } = event.update
        event.ack()
        if (state === 'running') this.addresses.set(task, message)
        else if (state !== 'staging' && state !== 'starting' && state !== 'killing') this.#ended(task)
      }
    }
  }

  #ended(task: string): void {
    this.addresses.delete(task)
    this.#launched.delete(task)
    this.#backoff.failed(this.#app.id, Date.now())
    this.#ask()
  }

  #wants(): readonly Want[] {
    const { cpus, mem, instances, id } = this.#app
    const readyAtMs = this.#backoff.readyAtMs(id, Date.now())
    const missing = Math.max(0, instances - this.#launched.size)
    return Array.from({ length: missing }, () => ({
      id: `hello-${++this.#serial}`,
      need: { cpus, mem },
      ports: [0],
      readyAtMs,
    }))
  }

  /** The pool offers nothing to who asks for nothing. */
  #ask(): void {
    const { cpus, mem, instances } = this.#app
    const count = instances - this.#launched.size
    this.session.request(count > 0 ? [{ shape: { cpus, mem, ports: 1 }, count }] : [])
  }

  #program(): Program {
    const command = ['/bin/sh', '-c', `exec ${this.#app.cmd}`]
    return { command, directory: this.#directory, env: this.#app.env }
  }
}
