import { watchSteps } from '../../guard/step-watch.js'
import type { ChoiceSource } from '../choices/choice-source.js'
import { plainKey, plainState } from '../objects/plain-state.js'
import type { Execution, JudgeRest, Rest } from '../setup/execution.js'
import type { ExecutionSetup } from '../setup/execution-setup.js'
import { checkAfterRest } from './checks-after-rest.js'
import { Driver } from './driver.js'
import { prepareWorld } from './world-place.js'

/**
 * Runs a world to its rest, as `source` chooses; then, unless `judge` has an opinion on the rest, looks further: see
 * `checkAfterRest`.
 *
 * @throws what a start of the code under test throws
 */
export async function execute(
  setup: ExecutionSetup,
  source: ChoiceSource,
  judge: JudgeRest = () => undefined,
): Promise<Execution> {
  const watch = watchSteps(setup.stepTimeoutMs)
  try {
    const place = await prepareWorld(setup)
    return await drive(new Driver(setup, place, source, watch), setup, judge)
  } finally {
    // Also when the setup is refused: what the program does next is no step.
    watch.end()
  }
}

const NOBODY: Pick<Execution, 'controllers' | 'unstarted'> = { controllers: [], unstarted: undefined }

async function drive(driver: Driver, setup: ExecutionSetup, judge: JudgeRest): Promise<Execution> {
  try {
    await driver.untilRest()
    const { isStopped } = driver
    if (!isStopped) driver.judgeRest()
    const rest = isStopped ? nothingAt(driver) : restOf(setup, driver)
    const site = isStopped ? NOBODY : siteOf(driver)
    const stepsToRest = driver.trace.length
    const verdict = driver.isOver || isStopped ? 'known' : judge(rest)
    if (verdict !== undefined && verdict !== 'known') driver.judge.report(verdict)
    if (verdict !== 'known' && !driver.isOver) await checkAfterRest(driver)
    const { choices, chosenSteps, trace } = driver
    const { violation } = driver.judge
    const ways = { choices, chosenSteps, trace, stepsToRest }
    return { seed: setup.seed, ...ways, violation, isStopped, ...site, ...rest }
  } finally {
    driver.close()
  }
}

function siteOf({ world }: Driver): Pick<Execution, 'controllers' | 'unstarted'> {
  const statuses = world.processes.map(({ name, manager }) => ({ name, status: manager.status() }))
  const controllers = statuses.flatMap(({ status }) => status.controllers.map(({ name }) => name))
  const waiting = statuses.find(({ status }) => status.state === 'starting')
  if (waiting === undefined) return { controllers, unstarted: undefined }
  const err = world.logs.lines.findLast(({ fields }) => fields['err'] instanceof Error)?.fields['err']
  const why = err instanceof Error ? `: ${err.message}` : ''
  return { controllers, unstarted: `${waiting.name} does not get to its start${why}` }
}

/** It was stopped on the way, so what there is says nothing. */
function nothingAt({ ending, madeNames }: Driver): Rest {
  return { ending, state: [], compared: [], madeNames, outsideKeys: [] }
}

function restOf({ compared }: ExecutionSetup, { world, ending, madeNames }: Driver): Rest {
  const state = plainState(world.objects(), world.outside)
  const outsideKeys = [...world.outside.keys()].map(plainKey)
  const names = { madeNames, outsideKeys }
  if (compared === undefined) return { ending, state, compared: state, ...names }
  const objects = world.objects().flatMap(object => compared(object) ?? [])
  return { ending, state, compared: plainState(objects, world.outside), ...names }
}
