import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OfferPool, Session } from 'keelson/offers'
import { binPackFitness, LevelDelay, matchOffers } from 'keelson/offers'
import type { Program } from './processes.js'

const NEED = { cpus: 1, mem: 128 }
const JOB = 'word-count'
/** So long it waits for a place on the node where a block lies. */
const LOCALITY_WAIT_MS = 1_500

/** A batch scheduler: counts the words of a text, block by block, as many at a time as it is given room for. */
export class WordCount {
  readonly session: Session
  readonly #directory: string
  readonly #program: string
  readonly #waiting: string[]
  readonly #counts = new Map<string, number>()
  readonly #blocks: number
  readonly #nodes: readonly string[]
  readonly #delay = new LevelDelay([{ name: 'node', waitMs: LOCALITY_WAIT_MS }])
  /** Blocks that were counted where they lie. */
  readonly local: Set<string> = new Set()

  /** @param directory where the blocks are and results go */
  constructor(
    pool: OfferPool,
    options: { directory: string; program: string; blocks: readonly string[]; nodes: readonly string[] },
  ) {
    this.#directory = options.directory
    this.#program = options.program
    this.#blocks = options.blocks.length
    this.#nodes = options.nodes
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

  get isWaiting(): boolean {
    return this.#waiting.length > 0
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
        const localityMax = this.#delay.level(JOB, Date.now())
        const wants = this.#waiting.map(id => ({
          id,
          need: NEED,
          locality: [[this.#nodeOf(id)]],
          localityMax,
        }))
        const plan = matchOffers(wants, event.offers, { fitness: binPackFitness() })
        for (const { want, level } of plan.assign) {
          this.#waiting.splice(this.#waiting.indexOf(want.id), 1)
          this.#delay.launched(JOB, level, Date.now())
          if (level === 0) this.local.add(want.id)
          else this.local.delete(want.id)
        }
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
        this.session.decline(plan.unused, { refuseMs: 1_000 })
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
    if (!this.session.connected) return
    const count = this.#waiting.length
    this.session.request(count > 0 ? [{ shape: NEED, count }] : [])
  }

  #task(id: string): Program {
    const env = { BLOCK: join(this.#directory, `${id}.txt`), RESULT: this.#result(id) }
    return { command: ['node', this.#program], directory: this.#directory, env }
  }

  /** Where the block lies: the text is spread over the nodes. */
  #nodeOf(id: string): string {
    return this.#nodes[Number(id.split('-')[1]) % this.#nodes.length] as string
  }

  #result(id: string): string {
    return join(this.#directory, `${id}.count`)
  }
}
