import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OfferPool, Session } from 'keelson/offers'
import { binPackFitness, matchOffers } from 'keelson/offers'
import type { Program } from './processes.js'

const NEED = { cpus: 1, mem: 128 }

/** A batch scheduler: counts the words of a text, block by block, as many at a time as it is given room for. */
export class WordCount {
  readonly session: Session
  readonly #directory: string
  readonly #program: string
  readonly #waiting: string[]
  readonly #counts = new Map<string, number>()
  readonly #blocks: number

  /** @param directory where the blocks are and results go */
  constructor(pool: OfferPool, options: { directory: string; program: string; blocks: readonly string[] }) {
    this.#directory = options.directory
    this.#program = options.program
    this.#blocks = options.blocks.length
    this.#waiting = options.blocks.map((text, index) => {
      writeFileSync(join(options.directory, `block-${index}.txt`), text)
      return `block-${index}`
    })
    this.session = pool.subscribe({ name: 'batch', id: 'batch', roles: ['batch'] })
    this.#ask()
  }

  get isComplete(): boolean {
    return this.#counts.size === this.#blocks
  }

  get progress(): string {
    return `${this.#counts.size}/${this.#blocks}`
  }

  get words(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** Reads events until the pool closes. */
  async run(): Promise<void> {
    for await (const event of this.session) {
      if (event.type === 'offers') {
        const wants = this.#waiting.map(id => ({ id, need: NEED }))
        const plan = matchOffers(wants, event.offers, { fitness: binPackFitness() })
        for (const { want } of plan.assign) this.#waiting.splice(this.#waiting.indexOf(want.id), 1)
        for (const offer of event.offers) {
          const mine = plan.assign.filter(each => each.offer === offer)
          if (mine.length === 0) continue
          const tasks = mine.map(({ want, take }) => ({
            id: want.id,
            need: {},
            take,
            data: this.#task(want.id),
          }))
          const [launch] = await this.session.accept([offer], [{ op: 'launch', tasks }])
          this.#waiting.push(...launch.failed.map(({ id }) => id))
        }
        this.session.decline(plan.unused, { refuseMs: 'changed' })
        this.#ask()
      } else if (event.type === 'update') {
        const { task, state } = event.update
        event.ack()
        if (state === 'finished') this.#counts.set(task, Number(readFileSync(this.#result(task), 'utf8')))
        else if (state === 'failed' || state === 'killed' || state === 'dropped') this.#waiting.push(task)
        this.#ask()
      }
    }
  }

  #ask(): void {
    const count = this.#waiting.length
    this.session.request(count > 0 ? [{ shape: NEED, count }] : [])
  }

  #task(id: string): Program {
    const env = { BLOCK: join(this.#directory, `${id}.txt`), RESULT: this.#result(id) }
    return { command: ['node', this.#program], directory: this.#directory, env }
  }

  #result(id: string): string {
    return join(this.#directory, `${id}.count`)
  }
}
