import { createEnv, silentLogger, systemEnv, UsageError } from '../../core/index.js'
import type { Store } from '../../store/index.js'
import type { LawStoreOptions } from '../make-store.js'
import type { VirtualEnv } from '../virtual/virtual-env.js'
import { createVirtualEnv } from '../virtual/virtual-env.js'
import { BrokenLawError } from './claims.js'
import { LAW_KINDS } from './kinds.js'
import type { LawWorld, StoreLaw } from './law.js'

/** Where laws are checked. */
export interface LawGround {
  makeStore(options: LawStoreOptions): Store | Promise<Store>
  /** How long a law waits for a delivery or a write, in real time. */
  readonly patienceMs: number
  readonly lifeMs: number
  /** Default: laws that move time have stores on a virtual env. */
  readonly passTime?: ((ms: number) => Promise<unknown>) | undefined
}

const quietEnv = /* @__PURE__ */ createEnv({ process: 'laws', logger: silentLogger })

/** Checks one law in a world of its own, and closes its stores. */
export async function hold(law: StoreLaw, ground: LawGround): Promise<void> {
  const { makeStore, patienceMs, lifeMs, passTime } = ground
  const env = law.movesTime === true && passTime === undefined ? createVirtualEnv() : undefined
  const given = passTime === undefined ? { env: env ?? quietEnv } : {}
  const opened: Store[] = []
  const world: LawWorld = {
    lifeMs,
    open: async options => {
      const store = await makeStore({ kinds: LAW_KINDS, ...options, ...given })
      opened.push(store)
      return store
    },
    soon: (what, promise) => soon(what, promise, { patienceMs, env }),
    pass: async ms => {
      if (law.movesTime !== true)
        throw new UsageError(`the law "${law.name}" does not say that it moves time`)
      await (passTime ?? env?.advance)?.(ms)
    },
  }
  try {
    await law.check(world)
  } finally {
    for (const store of opened) await store.close()
  }
}

interface Patience {
  readonly patienceMs: number
  /** Its steps do not run by themselves. */
  readonly env: VirtualEnv | undefined
}

async function soon<T>(what: string, promise: Promise<T>, { patienceMs, env }: Patience): Promise<T> {
  let isWaiting = true
  const answer = new Promise<T>((resolve, reject) => {
    const late = new BrokenLawError(`${what} did not come within ${patienceMs} ms`, 'nothing', what)
    const cancel = systemEnv.clock.after(patienceMs, () => reject(late))
    promise.then(resolve, reject).finally(cancel)
  }).finally(() => {
    isWaiting = false
  })
  if (env === undefined) return answer
  // It may fail while the env is being moved; the caller is told afterwards.
  answer.catch(() => {})
  while (isWaiting) await env.settle()
  return answer
}
