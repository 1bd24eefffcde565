import { describe, test } from 'vitest'
import type { MakeParts } from '../../../src/testing/index.js'
import { app, oneApp } from '../../testing/fixtures/apps.js'
import { applying, live, sameInOneOrder, sameOneByOne } from '../../testing/simulation/search/rests.js'

const objects = [app('web', { replicas: 3 })]

describe('with states told apart, three pods', () => {
  test.each([
    ['live reads', live, { crash: 0, edit: 0 }],
    ['live reads and a crash', live, { crash: 1, edit: 0 }],
    ['children over a cache', applying, { crash: 0, edit: 0 }],
  ] satisfies [string, MakeParts, object][])(
    'independent writes in one order come by the states that they come by in every order: %s',
    async (_name, make, faults) => {
      await sameInOneOrder(make, { ...oneApp, objects, faults })
    },
  )

  test('they come to rest where every execution does, one by one', async () => {
    await sameOneByOne({ ...oneApp, objects, deviationsMax: 4 })
  })
})
