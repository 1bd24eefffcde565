import { expect, test } from 'vitest'
import { createStore } from '../../src/store/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'
import { ref, Widget } from '../fixtures/kinds.js'
import { checkWatchGroups } from './laws/watch-groups-law.js'

test('watchers that are served together are told what each would be told alone', async () => {
  await checkWatchGroups(500)
})

test('a burst for many watchers takes several steps, and everybody is told all of it in order', async () => {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget], env })
  const told = Array.from({ length: 300 }, () => [] as number[])
  const watches = told.map(heard => {
    const watch = store.watch(Widget)
    watch.on(({ revision }) => {
      heard.push(revision)
      // Closes one that was served before it, and one that will be.
      if (heard.length === 5 && heard === told[150]) for (const which of [10, 290]) watches[which]?.close()
    })
    return watch
  })
  // The first write is told to each alone; then they rest together.
  for (const [from, to] of [
    [0, 1],
    [1, 21],
    [21, 22],
  ] as const) {
    for (let index = from; index < to; index++)
      void store.create(Widget, { metadata: ref(`w${index}`), spec: {} })
    await env.settle()
  }
  const all = Array.from({ length: 22 }, (_, index) => index + 1)
  for (const [which, heard] of told.entries()) if (which !== 10 && which !== 290) expect(heard).toEqual(all)
  expect(told[10]).toEqual(all.slice(0, told[10]?.length))
  expect(told[290]?.length).toBeLessThan(22)
})
