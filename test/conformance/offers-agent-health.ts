import { removalAtMs } from '../../src/offers/pool/agent-health.js'
import { reconnectBoundMs } from '../../src/offers/pool/reconnect-delay.js'
import { PoolWorld } from '../offers/pool-world.js'

interface PingRow {
  readonly timeout: number
  readonly max: number
  readonly pongs: readonly number[]
}

interface Bounds {
  readonly factor: number
  readonly max: number
}

export const healthAnswers: Readonly<Record<string, (input: never) => unknown>> = {
  ping: ({ rows }: { rows: PingRow[] }) => Promise.all(rows.map(pingRow)),
  removalLimit: ({ rows }: { rows: { permits: number; per: number; failedAt: number[] }[] }) =>
    rows.map(({ permits, per, failedAt }) => {
      let last: number | undefined
      return failedAt.map(at => (last = removalAtMs(last, at, per / permits)))
    }),
  registerBackoff: ({ agent, framework }: { agent: Bounds; framework: Bounds }) => ({
    agent: bounds(9, agent),
    framework: bounds(7, framework),
    frameworkWithFailover100s: bounds(5, framework, 100),
  }),
}

function bounds(attempts: number, { factor, max }: Bounds, failoverSeconds?: number): readonly number[] {
  const options = {
    baseMs: factor * 1_000,
    maxMs: max * 1_000,
    ...(failoverSeconds === undefined ? {} : { failoverMs: failoverSeconds * 1_000 }),
  }
  return Array.from({ length: attempts }, (_, n) => reconnectBoundMs(n + 1, options) / 1_000)
}

/** Runs a pool whose agent answers the latest ping at the given seconds, and no other. */
async function pingRow({ timeout, max, pongs }: PingRow): Promise<{ unreachableAt: number }> {
  let answer = (): void => {}
  const world = new PoolWorld({
    pingIntervalMs: timeout * 1_000,
    pingsMax: max,
    driver: {
      launch: async () => {},
      kill: async () => {},
      ping: async () => new Promise(resolve => (answer = () => resolve([]))),
    },
  })
  world.agent('a1')
  const ticks = Array.from({ length: 100 }, (_, n) => n * timeout)
  for (const second of [...new Set([...ticks, ...pongs])].sort((a, b) => a - b)) {
    await world.stepAt(second * 1_000)
    if (world.pool.allocator.agent('a1') === undefined) return { unreachableAt: second }
    if (pongs.includes(second)) answer()
    await world.env.settle()
  }
  throw new Error('never out of reach')
}
