import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createController } from '../../../src/reconcile/index.js'
import { hostTurn } from '../../../src/testing/host/event-loop.js'
import type { CheckOptions } from '../../../src/testing/index.js'
import { check } from '../../../src/testing/index.js'
import { App, oneApp, Pod, podOf } from '../../testing/fixtures/apps.js'

/** What the last execution was made of may be in frames that are not left yet. */
const LAST = 10
const EXECUTIONS_MIN = 50

const searches: readonly Pick<CheckOptions, 'mode' | 'faults'>[] = [
  { mode: 'random' },
  { mode: 'sieve' },
  { mode: 'exhaustive', faults: { crash: 1, edit: 1 } },
]

test.each(searches)('nothing of worlds that are over is kept alive: $mode', async search => {
  setFlagsFromString('--expose-gc')
  const collectGarbage = runInNewContext('gc') as () => void
  /** A client holds its store, an env its world's clock and steps, a controller its manager's caches. */
  const made: WeakRef<object>[] = []
  const make = (): ReturnType<typeof createController> => {
    const controller = createController({
      name: 'apps',
      for: App,
      owns: [Pod],
      reconcile: async ({ name }, owner, { client }) => {
        made.push(new WeakRef(client), new WeakRef(client.env))
        if (owner !== undefined && client.get(Pod, { name }) === undefined)
          await client.create(Pod, podOf(owner, name))
      },
    })
    made.push(new WeakRef(controller))
    return controller
  }
  const bounds = { executions: 300, timeMs: Number.POSITIVE_INFINITY }
  const { executions } = await check(make, { ...oneApp, ...bounds, ...search })
  await hostTurn()
  collectGarbage()
  expect(executions).toBeGreaterThan(EXECUTIONS_MIN)
  expect(made.filter(part => part.deref() !== undefined).length).toBeLessThanOrEqual(LAST)
})
