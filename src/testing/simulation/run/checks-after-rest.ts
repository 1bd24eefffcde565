import type { InvariantName } from '../judge/invariant-name.js'
import { nameOf } from '../objects/object-names.js'
import { plainState, TOUCH_ANNOTATION } from '../objects/plain-state.js'
import { objectKeyOf } from '../world/simulated-process.js'
import type { Driver } from './driver.js'
import { footprint, grows } from './footprint.js'

/** A process restarts a day later: what became due must have been done. */
const LATER_MS = 86_400_000
/** So often all figures of a footprint must have grown to be a leak; the first look may fill a cache. */
const ROUNDS = 3

/**
 * What must hold of a world at rest, whatever led to it: a second look changes nothing, nor does a restart; looks
 * leave nothing behind; a stop ends everything.
 */
export async function checkAfterRest(driver: Driver): Promise<void> {
  // What follows depends on the rest alone: no choices, no faults.
  driver.disturbNoMore()
  await lookAgain(driver)
  if (!driver.isOver) await startAnew(driver)
  if (!driver.isOver) await lookForLeaks(driver)
  if (!driver.isOver) await stopForGood(driver)
}

/** Every key that a living process has looked at is looked at once more. Parts inside of a manager are out of reach. */
async function lookAgain(driver: Driver): Promise<void> {
  const { trace, world } = driver
  const wakes = world.processes.flatMap(({ name, controllers }) => {
    const labels = trace.flatMap(step =>
      step.kind === 'reconcile' && step.actor === name ? [step.label] : [],
    )
    return controllers.flatMap(controller =>
      [...new Set(labels)].flatMap(label => {
        const key = objectKeyOf(label, controller.name)
        return key === undefined ? [] : [() => controller.enqueue(key, 'looked at again')]
      }),
    )
  })
  if (wakes.length === 0) return
  await unchanged(driver, 'idempotent', 'when each key is looked at again, it', async () => {
    await driver.take({
      kind: 'user',
      actor: 'world',
      label: 'each key is to be looked at again',
      run: () => {
        for (const wake of wakes) wake()
      },
    })
  })
}

async function startAnew(driver: Driver): Promise<void> {
  const { world } = driver
  world.countsWatches = true
  await unchanged(driver, 'levelTriggered', 'at rest, a process that starts anew', () => {
    // What is still to come would come in the meantime, so there is no meantime.
    const laterMs = driver.isAwaiting ? 0 : LATER_MS
    world.crashAll()
    world.isWindingUp = true
    world.clock.moveTo(world.clock.elapsedMs + laterMs)
  })
}

/** Lets the world come to rest after `disturb`: nothing may be different from before. */
async function unchanged(
  driver: Driver,
  invariant: InvariantName,
  who: string,
  disturb: () => Promise<void> | void,
): Promise<void> {
  const { world, works } = driver
  const outside = plainState([], world.outside).join('\n')
  const from = works.length
  await disturb()
  await driver.untilRest()
  driver.judgeRest()
  const wrote = works[from]
  if (wrote !== undefined) driver.judge.report({ invariant, message: `${who} writes: ${wrote.label}` })
  else if (plainState([], world.outside).join('\n') !== outside)
    driver.judge.report({ invariant, message: `${who} changes the world outside` })
}

async function lookForLeaks(driver: Driver): Promise<void> {
  const footprints = [footprint(driver.world)]
  for (let round = 0; round < ROUNDS && !driver.isOver; round++) {
    await lookAgain(driver)
    footprints.push(footprint(driver.world))
  }
  const message = grows(footprints)
  if (message !== undefined) driver.judge.report({ invariant: 'noLeaks', message })
}

async function stopForGood(driver: Driver): Promise<void> {
  const { world } = driver
  for (const process of world.processes) {
    const { name } = process
    await driver.take({ kind: 'user', actor: 'host', label: `stop ${name}`, run: () => world.stop(process) })
  }
  await driver.untilRest()
  const running = world.processes.filter(({ name }) => !world.stopped.has(name))
  if (running.length > 0) driver.judge.report({ invariant: 'noStrayWork', message: 'the parts do not stop' })
  else if (!driver.isOver) await lookForLeftovers(driver)
}

/** Somebody writes to an object of each kind: whoever still watches will be woken. */
async function lookForLeftovers(driver: Driver): Promise<void> {
  const { world } = driver
  const oneOfEach = new Map(world.objects().map(object => [object.kind, object]))
  for (const object of oneOfEach.values()) {
    await driver.take({
      kind: 'user',
      actor: 'user',
      label: `annotate ${nameOf(object)}`,
      run: async () => {
        await world.store.modify(world.kindOf(object), object.metadata, draft => {
          draft.metadata.annotations[TOUCH_ANNOTATION] = 'after the stop'
        })
      },
    })
  }
  const left = [...footprint(world)]
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`)
  await driver.untilRest()
  if (left.length > 0)
    driver.judge.report({
      invariant: 'noLeaks',
      message: `after the stop there are still ${left.join(', ')}`,
    })
}
