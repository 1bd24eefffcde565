import type { Env } from '../../../core/index.js'
import { systemEnv } from '../../../core/index.js'
import type { Backoff } from '../../../core/internal.js'
import { assertKnown, assertValid, backoffMs, knownOptions, wholeNumber } from '../../../core/internal.js'
import type { Registry } from '../../registry/registry.js'
import { HAPROXY_LIMITS } from '../../render/haproxy-config.js'
import type { PlacedConfig } from '../../render/haproxy-plan.js'
import { planHaproxy } from '../../render/haproxy-plan.js'
import type { HaproxyServicesOptions } from '../../render/haproxy-services.js'
import { HAPROXY_CHOICES, haproxyServices } from '../../render/haproxy-services.js'
import { formatHaproxy } from '../../render/haproxy-text.js'
import type { HaproxyProcess } from './haproxy-process.js'
import { createHaproxyProcess } from './haproxy-process.js'

/** How HAProxy is run. */
export interface HaproxyOptions extends Omit<HaproxyServicesOptions, 'socket'> {
  /** A directory of its own, for the configuration and the sockets; its path has at most 90 characters. */
  readonly directory: string
  /** The program. Default `haproxy`, looked up in PATH. */
  readonly program?: string
  /** Longest start or reload. Default 10 000. */
  readonly loadTimeoutMs?: number
  /** Name under which registry revisions are acknowledged. Default `haproxy`. */
  readonly consumerName?: string
  readonly env?: Env
}

/** A running HAProxy that follows a registry. */
export interface Haproxy extends AsyncDisposable {
  /** What it holds; undefined while it does not run. */
  config(): PlacedConfig | undefined
  /** Starts and reloads so far; everything else was done by commands. */
  readonly loads: number
  /** Sends a command to the admin socket, such as `show servers state`. */
  ask(command: string): Promise<string>
  /** Ends it with all its connections. Idempotent. */
  close(): Promise<void>
}

const RETRY: Backoff = { baseMs: 50, maxMs: 5000 }

const HAPROXY_OPTIONS = /* @__PURE__ */ knownOptions<HaproxyOptions>('serveHaproxy', {
  ...HAPROXY_LIMITS,
  ...HAPROXY_CHOICES,
  directory: true,
  program: true,
  loadTimeoutMs: true,
  consumerName: true,
  env: true,
})

/**
 * Runs HAProxy for the virtual addresses of a registry and keeps it up to date: servers by commands, everything else by
 * a reload (see `planHaproxy`). Resolves when it serves what the registry holds now.
 *
 * Guarantees: a revision is acknowledged when HAProxy has confirmed every command, or when the processes of before the
 * reload accept nothing more. When HAProxy fails, nothing is acknowledged until it runs again, which is tried with backoff.
 *
 * @throws InvalidError for an option out of bounds
 * @throws KeelsonError `Unavailable` when it cannot be started
 */
export async function serveHaproxy(registry: Registry, options: HaproxyOptions): Promise<Haproxy> {
  assertKnown(options, HAPROXY_OPTIONS)
  const { env = systemEnv, program = 'haproxy', loadTimeoutMs = 10_000, directory, ...others } = options
  const { consumerName = 'haproxy', ...rendered } = others
  assertValid('HAProxy', [
    ...wholeNumber('loadTimeoutMs', loadTimeoutMs, { min: 1 }),
    ...(directory.length <= 90
      ? []
      : [
          {
            field: 'directory',
            value: directory,
            message: 'must have at most 90 characters, for its sockets',
          },
        ]),
  ])
  const consumer = registry.consumer(consumerName)
  const lost = (output: string): void => {
    env.logger.warn({ output }, 'haproxy ended by itself')
    follower.lost()
  }
  const child = createHaproxyProcess({ directory, program, env, loadTimeoutMs, ended: lost })
  const follower = createFollower({ registry, rendered, child, env, ack: revision => consumer.ack(revision) })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await follower.close()
      consumer.close()
      await child.stop()
    })()
    return closing
  }
  try {
    await follower.first()
  } catch (error) {
    await close()
    throw error
  }
  return new RunningHaproxy(follower, child, close)
}

class RunningHaproxy implements Haproxy {
  readonly config: Haproxy['config']
  readonly ask: Haproxy['ask']
  readonly close: Haproxy['close']
  readonly #follower: Follower

  constructor(follower: Follower, child: HaproxyProcess, close: () => Promise<void>) {
    this.config = () => follower.config()
    this.ask = command => child.ask(command)
    this.close = close
    this.#follower = follower
  }

  get loads(): number {
    return this.#follower.loads()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

interface FollowerOptions {
  readonly registry: Registry
  readonly rendered: HaproxyServicesOptions
  readonly child: HaproxyProcess
  readonly env: Env
  readonly ack: (revision: number) => void
}

interface Follower {
  /** Brings HAProxy to the present revision; then keeps it there. */
  first(): Promise<void>
  config(): PlacedConfig | undefined
  loads(): number
  /** What runs is not known any more. */
  lost(): void
  close(): Promise<void>
}

/** One change at a time: while one is carried out, the newest of those that came is the next. */
function createFollower({ registry, rendered, child, env, ack }: FollowerOptions): Follower {
  let held: PlacedConfig | undefined
  let loads = 0
  let failures = 0
  let started = false
  let closed = false
  let running: Promise<void> | undefined
  let cancelRetry = (): void => {}
  let cancelChanges = (): void => {}
  const carryOut = async (): Promise<void> => {
    const snapshot = registry.snapshot()
    const next = haproxyServices(snapshot, { ...rendered, socket: child.socket })
    const plan = planHaproxy(held, next)
    held = undefined
    if (plan.reload || !(await confirmed(child, plan.runtime))) {
      loads++
      await child.load(formatHaproxy(plan.config))
    }
    held = plan.config
    ack(snapshot.revision)
  }
  /** The revision that was carried out last; -1 when it is not known what runs. */
  let reached = -1
  const catchUp = async (): Promise<void> => {
    while (reached !== registry.revision && !closed) {
      const { revision } = registry
      reached = -1
      await carryOut()
      reached = revision
    }
    failures = 0
  }
  const run = (): void => {
    if (closed || running !== undefined) return
    cancelRetry()
    running = catchUp()
      .catch((error: unknown) => {
        held = undefined
        failures++
        env.logger.warn({ error }, 'haproxy does not follow the registry')
        cancelRetry = env.clock.after(backoffMs(RETRY, failures), run)
      })
      .finally(() => {
        running = undefined
        // A change that came while the last one was being acknowledged.
        if (failures === 0 && reached !== registry.revision) run()
      })
  }
  return {
    first: async () => {
      await catchUp()
      started = true
      cancelChanges = registry.onChange(run)
      run()
    },
    config: () => held,
    loads: () => loads,
    lost: () => {
      reached = -1
      held = undefined
      if (started && failures === 0) run()
    },
    close: async () => {
      closed = true
      cancelChanges()
      cancelRetry()
      await running
    },
  }
}

/** Carries commands out in order; false at the first that was not understood. */
async function confirmed(child: HaproxyProcess, commands: readonly string[]): Promise<boolean> {
  for (const command of commands) {
    const answer = await child.ask(command)
    const isDone = command.includes(' addr ') ? /changed|no need to change/.test(answer) : answer === ''
    if (!isDone) return false
  }
  return true
}
