import fc from 'fast-check'
import { expect } from 'vitest'
import type { Env } from '../../../src/core/index.js'
import { isKeelsonError } from '../../../src/core/index.js'
import { storeOn } from '../../../src/store/client/engine-client.js'
import { Engine } from '../../../src/store/engine/engine.js'
import type { Store, Watch } from '../../../src/store/index.js'
import { createVirtualEnv } from '../../../src/testing/index.js'
import { Widget } from '../../fixtures/kinds.js'

/** What a listener does besides listening, the first time that it is told something. */
type Reaction =
  | { readonly kind: 'none' }
  | { readonly kind: 'throw' }
  | { readonly kind: 'write' }
  | { readonly kind: 'close'; readonly which: number }
  | { readonly kind: 'open' }
  | { readonly kind: 'progress' }

type Step =
  | { readonly kind: 'write'; readonly times: number }
  | { readonly kind: 'open'; readonly env: number; readonly initial: boolean; readonly reaction: Reaction }
  | { readonly kind: 'close'; readonly which: number }
  | { readonly kind: 'end'; readonly env: number }
  | { readonly kind: 'settle' }

const reaction: fc.Arbitrary<Reaction> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ kind: 'none' } as const) },
  fc.constantFrom<Reaction>({ kind: 'throw' }, { kind: 'write' }, { kind: 'open' }, { kind: 'progress' }),
  fc.record({ kind: fc.constant('close' as const), which: fc.nat(5) }),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), times: fc.integer({ min: 1, max: 5 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('open' as const),
      env: fc.nat(2),
      initial: fc.boolean(),
      reaction,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('close' as const), which: fc.nat(5) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('end' as const), env: fc.integer({ min: 1, max: 2 }) }),
  },
  { weight: 3, arbitrary: fc.constant({ kind: 'settle' } as const) },
)

/** Small, so that bursts push out what a watcher has not read. */
const LOG_CAPACITY = 8

interface Listening {
  readonly env: Env
  readonly watch: Watch<unknown>
  /** It was opened when this was the newest revision. */
  readonly since: number
  readonly told: number[]
  /** Set by whoever closes it, and when it has ended for being too slow. */
  closed: boolean
}

class World {
  readonly env = createVirtualEnv()
  readonly engine = new Engine({ kinds: [Widget], env: this.env, logCapacity: LOG_CAPACITY })
  readonly store: Store = storeOn(this.engine)
  readonly envs: readonly Env[] = [this.env, this.env.fork('a'), this.env.fork('b')]
  readonly all: Listening[] = []
  /** What a listener throws is logged and no more, so what it finds wrong is noted. */
  readonly faults: string[] = []
  #writes = 0

  write(): void {
    void this.store.create(Widget, { metadata: { namespace: 'n', name: `w${this.#writes++}` }, spec: {} })
  }

  open(env: Env, sendInitialEvents: boolean, does: Reaction): void {
    const watch = this.store.client(env).watch(Widget, { sendInitialEvents })
    const one: Listening = { env, watch, since: this.store.revision, told: [], closed: false }
    let isFirst = true
    this.all.push(one)
    const ended = (error: unknown): void => {
      one.closed = true
      if (!isKeelsonError(error, 'SlowConsumer')) this.faults.push(String(error))
      const first = (one.told.at(-1) ?? one.since) + 1
      if (first > this.engine.log.oldestStart)
        this.faults.push(`${first} is too slow at ${this.store.revision}`)
    }
    watch.on(({ revision, bookmark = false, initialEventsEnd = false }) => {
      if (one.closed || env.closed) this.faults.push(`told of ${revision} after its end`)
      if (watch.revision < revision) this.faults.push(`told of ${revision}, knows ${watch.revision}`)
      if (!bookmark && !initialEventsEnd) one.told.push(revision)
      if (!isFirst) return
      isFirst = false
      this.#react(does, one)
    }, ended)
  }

  close(which: number): void {
    const one = this.all[which]
    if (one === undefined) return
    one.closed = true
    one.watch.close()
  }

  #react(does: Reaction, one: Listening): void {
    if (does.kind === 'throw') throw new Error('a listener throws')
    if (does.kind === 'write') this.write()
    if (does.kind === 'open') this.open(one.env, false, { kind: 'none' })
    if (does.kind === 'progress') one.watch.requestProgress()
    if (does.kind === 'close') this.close(does.which)
  }

  /** The slow, obvious answer: whoever still listens was told each revision since it came, once and in order. */
  check(): void {
    const { revision } = this.store
    expect(this.faults).toEqual([])
    for (const { env, since, told, closed } of this.all) {
      const wanted = Array.from({ length: revision - since }, (_, index) => since + 1 + index)
      if (closed || env.closed) expect(told).toEqual(wanted.slice(0, told.length))
      else expect(told).toEqual(wanted)
    }
  }
}

/** Watchers that are served together are told what each would be told alone, whoever comes, goes, writes or fails. */
export async function checkWatchGroups(runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 15 }), async steps => {
      const world = new World()
      for (const one of steps) {
        const env = 'env' in one ? (world.envs[one.env] as Env) : world.env
        if (one.kind === 'write') for (let time = 0; time < one.times; time++) world.write()
        else if (one.kind === 'open' && !env.closed) world.open(env, one.initial, one.reaction)
        else if (one.kind === 'close') world.close(one.which)
        else if (one.kind === 'end') env.close()
        else if (one.kind === 'settle') await world.env.settle()
        if (one.kind === 'settle') world.check()
      }
      await world.env.settle()
      world.check()
      for (const which of world.all.keys()) world.close(which)
      expect(world.engine.tables.of(Widget).watchers.size).toBe(0)
    }),
    { numRuns: runs },
  )
}
