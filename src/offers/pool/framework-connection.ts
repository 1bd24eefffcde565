import type { FrameworkEntry } from './framework-record.js'
import type { PoolCore } from './pool-core.js'
import { killTask } from './run-tasks.js'

/** A framework leaves: its offers go back, its tasks go on for its failover time. */
export function disconnectFramework(
  core: PoolCore,
  entry: FrameworkEntry,
  failoverMs: number = entry.failoverMs,
): void {
  entry.queue?.end()
  entry.queue = undefined
  entry.disconnectedAtMs = core.now()
  core.allocator.apply({ type: 'frameworkState', id: entry.id, active: false })
  for (const { id } of core.book.ofFramework(entry.id)) core.returnOffer(id)
  awaitFailover(core, entry, failoverMs)
  core.hooks?.frameworkChanged(entry.id)
  core.requestPass()
}

/** Ends what a framework left behind once its failover time is over. */
export function awaitFailover(
  core: PoolCore,
  entry: FrameworkEntry,
  failoverMs: number = entry.failoverMs,
): void {
  const { disconnectedAtMs = core.now() } = entry
  const endMs = disconnectedAtMs + failoverMs
  if (endMs <= core.now()) return teardown(core, entry)
  entry.teardown = core.deadlines.at(endMs, () => teardown(core, entry))
}

/** The old session of a framework hears that it was replaced. */
export function takeOver(core: PoolCore, before: FrameworkEntry): void {
  before.teardown?.()
  for (const { id } of core.book.ofFramework(before.id)) core.returnOffer(id)
  before.queue?.push({ type: 'failedOver' })
  before.queue?.end()
  before.queue = undefined
}

/** Stops what a framework left behind. Its resources come back as its tasks end. */
function teardown(core: PoolCore, entry: FrameworkEntry): void {
  for (const task of core.tasks.ofFramework(entry.id)) killTask(core, task)
  core.frameworks.delete(entry.id)
  core.retire(entry.id)
  core.requestPass()
}
