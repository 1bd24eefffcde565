import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { marathonConstraint } from 'keelson/core'
import type { AgentSpec, Offer, OfferPool, Session, Want } from 'keelson/offers'
import { LaunchBackoff, matchOffers, spreadFitness } from 'keelson/offers'
import type { Program } from './processes.js'

interface MarathonApp {
  readonly id: string
  readonly cmd: string
  readonly cpus: number
  readonly mem: number
  readonly instances: number
  readonly constraints?: readonly Parameters<typeof marathonConstraint>[0][]
  readonly env: Readonly<Record<string, string>>
}

/** An app, by a name of our own: two files may have one id. */
interface App extends MarathonApp {
  readonly name: string
  readonly directory: string
}

/** Where `server.mjs` is, which all apps run. */
export const SERVER_DIRECTORY: string = resolve(import.meta.dirname, '../quickstart')
const ID = 'services'
const FAILOVER_MS = 60_000
/** A server leaves once nobody has come for half a second. */
const GRACE_MS = 5_000

/** Asks on a connection of its own: one that was kept may lead to a process that is gone. */
export async function healthOf(address: string, path: string = '/healthz'): Promise<Response> {
  return fetch(`http://${address}${path}`, { headers: { connection: 'close' } })
}

/** A service scheduler: keeps so many instances of each app running, where its constraints allow. */
export class Services {
  readonly session: Session
  /** Where instances listen that answered their health check. */
  readonly addresses: Map<string, string> = new Map()
  /** Tasks that were told to stop. */
  readonly leaving: Set<string> = new Set()
  readonly #apps: readonly App[]
  readonly #backoff = new LaunchBackoff({ baseMs: 200 })
  /** Where instances are, by task. */
  readonly #launched = new Map<string, AgentSpec>()
  #serial = 0
  #turns = 0
  #isFrozen = false

  /** @param before the instance that it takes over from, whose tasks go on */
  constructor(pool: OfferPool, files: readonly string[], before?: Services) {
    this.#apps = files.map((file, index) => ({
      ...(JSON.parse(readFileSync(file, 'utf8')) as MarathonApp),
      name: `hello${index + 1}`,
      directory: SERVER_DIRECTORY,
    }))
    this.session = pool.subscribe({ name: ID, id: ID, roles: [ID], failoverMs: FAILOVER_MS })
    if (before !== undefined) {
      this.#serial = before.#serial
      const known = new Set(this.session.reconcile().map(({ task }) => task))
      for (const [task, agent] of before.#launched) if (known.has(task)) this.#launched.set(task, agent)
      for (const [task, address] of before.addresses) if (known.has(task)) this.addresses.set(task, address)
    }
    this.#ask()
  }

  get isComplete(): boolean {
    return this.addresses.size === this.#apps.reduce((sum, { instances }) => sum + instances, 0)
  }

  /** Hears and acknowledges no more, as a process that hangs. */
  freeze(): void {
    this.#isFrozen = true
  }

  /** An address of one that runs, each in turn. */
  async nextAddress(): Promise<string> {
    const all = [...this.addresses.values()]
    const address = all[this.#turns++ % all.length]
    if (address === undefined) throw new Error('no service runs')
    return address
  }

  /** Agents of the running instances of an app, by its place among the files. */
  agentsOf(index: number): readonly AgentSpec[] {
    const { name } = this.#apps[index] as App
    return [...this.#launched].flatMap(([task, agent]) => (task.startsWith(`${name}-`) ? [agent] : []))
  }

  /** Reads events until the pool closes, or another instance takes over. */
  async run(): Promise<void> {
    for await (const event of this.session) {
      if (this.#isFrozen) continue
      if (event.type === 'offers') await this.#launch(event.offers)
      else if (event.type === 'update') {
        const { task, state, message = '' } = event.update
        event.ack()
        if (state === 'running') void this.#whenReady(task, message)
        // It is about to leave: clients are sent elsewhere while it still answers.
        else if (state === 'killing') this.#leave(task)
        else if (state !== 'staging' && state !== 'starting') this.#ended(task)
      }
    }
  }

  /** A process that has just started does not listen yet: clients are sent to it once it answers. */
  async #whenReady(task: string, address: string): Promise<void> {
    while (this.#launched.has(task)) {
      const healthy = await healthOf(address).then(
        ({ ok }) => ok,
        () => false,
      )
      if (healthy && this.#launched.has(task) && !this.leaving.has(task))
        return void this.addresses.set(task, address)
      await new Promise(done => setTimeout(done, 100))
    }
  }

  async #launch(offers: readonly Offer[]): Promise<void> {
    const placed = [...this.#launched].map(([task, agent]) => ({
      group: task.split('-')[0] as string,
      agent,
    }))
    const plan = matchOffers(this.#wants(), offers, {
      fitness: spreadFitness(),
      nowMs: Date.now(),
      placed,
    })
    for (const offer of offers) {
      const mine = plan.assign.filter(each => each.offer.id === offer.id)
      if (mine.length === 0) continue
      for (const { want } of mine) this.#launched.set(want.id, offer.agent)
      const tasks = mine.map(({ want, take }) => ({
        id: want.id,
        need: {},
        take,
        kill: { graceMs: GRACE_MS },
        data: this.#program(want.id),
      }))
      const [launch] = await this.session.accept([offer], [{ op: 'launch', tasks }])
      for (const { id } of launch.failed) this.#ended(id)
    }
    if (this.session.connected) this.session.decline(plan.unused, { refuseMs: 1_000 })
    this.#ask()
  }

  #leave(task: string): void {
    this.leaving.add(task)
    this.addresses.delete(task)
  }

  #ended(task: string): void {
    this.addresses.delete(task)
    this.leaving.delete(task)
    this.#launched.delete(task)
    this.#backoff.failed(task.split('-')[0] as string, Date.now())
    this.#ask()
  }

  #missing({ name, instances }: App): number {
    const running = [...this.#launched.keys()].filter(task => task.startsWith(`${name}-`)).length
    return Math.max(0, instances - running)
  }

  #wants(): readonly Want[] {
    return this.#apps.flatMap(app => {
      const { name, cpus, mem, instances, constraints = [] } = app
      return Array.from({ length: this.#missing(app) }, () => ({
        id: `${name}-${++this.#serial}`,
        group: name,
        instances,
        need: { cpus, mem },
        ports: [0],
        constraints: constraints.map(marathonConstraint),
        readyAtMs: this.#backoff.readyAtMs(name, Date.now()),
      }))
    })
  }

  /** The pool offers nothing to who asks for nothing. */
  #ask(): void {
    if (!this.session.connected) return
    const demand = this.#apps.flatMap(app => {
      const count = this.#missing(app)
      return count > 0 ? [{ shape: { cpus: app.cpus, mem: app.mem, ports: 1 }, count }] : []
    })
    this.session.request(demand)
  }

  #program(task: string): Program {
    const app = this.#apps.find(({ name }) => task.startsWith(`${name}-`)) as App
    return { command: ['/bin/sh', '-c', `exec ${app.cmd}`], directory: app.directory, env: app.env }
  }
}
