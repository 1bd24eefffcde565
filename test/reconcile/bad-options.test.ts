import { expect, test } from 'vitest'
import type { ControllerOptions } from '../../src/reconcile/index.js'
import { createController, createManager, waitUntil } from '../../src/reconcile/index.js'
import { createStore } from '../../src/store/index.js'
import { Widget } from '../fixtures/kinds.js'

test.each([undefined, {}, { client: {} }])('a manager without a client is refused: %j', options => {
  const make = () => createManager(options as Parameters<typeof createManager>[0])
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(make).toThrow('client: must be a store, or a client of one: store.client(env)')
})

test.each([
  [{ reconcile: undefined }, 'reconcile: must be a function'],
  [{ name: undefined }, 'name: must be a text that is not empty'],
  [{ for: undefined }, 'for: must be a kind, as defineKind gives it'],
])('a controller is refused %j', (options, message) => {
  const given = { name: 'c', for: Widget, reconcile: () => {}, ...options }
  const make = () => createController(given as unknown as ControllerOptions<unknown, unknown>)
  expect(make).toThrow(expect.objectContaining({ code: 'Invalid' }))
  expect(make).toThrow(message)
})

test.each([undefined, {}, { timeoutMs: -1 }])('a wait without a time is refused: %j', async options => {
  const waiting = waitUntil(
    createStore({ kinds: [Widget] }),
    [Widget],
    () => true,
    options as { timeoutMs: number },
  )
  await expect(waiting).rejects.toMatchObject({ code: 'Invalid' })
  await expect(waiting).rejects.toThrow('timeoutMs: must be a finite number of milliseconds ≥ 0')
})

test('a kind that is owned is no name', () => {
  const given = { name: 'c', for: Widget, owns: ['Gadget'], reconcile: () => {} }
  const make = () => createController(given as unknown as ControllerOptions<unknown, unknown>)
  expect(make).toThrow(
    expect.objectContaining({ code: 'Usage', message: expect.stringContaining('not Gadget') }),
  )
})
