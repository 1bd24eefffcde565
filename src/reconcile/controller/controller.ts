import type { Kind } from '../../store/index.js'
import { ControlLoop } from './control-loop.js'
import type { Controller, ControllerStatus, StartOptions } from './controller-contract.js'
import type { ControllerOptions } from './controller-options.js'
import { assertControllerOptions } from './controller-options-check.js'

export type { Controller, ControllerStatus, StartOptions }

/**
 * Makes a controller.
 *
 * Guarantees: at most one attempt of a key at a time; a key that changes during its attempt is reconciled
 * again; every key is reconciled with its latest state at least once after it changed, unless the controller
 * stops first. An attempt that was given up can no longer write.
 *
 * @throws InvalidError when an option is out of bounds
 *
 * @example
 * ```ts
 * import assert from 'node:assert/strict'
 * import { createController, createManager } from 'keelson/reconcile'
 * import { createStore, defineKind } from 'keelson/store'
 *
 * const Greeting = defineKind<{ name: string }, { text: string }>({
 *   apiVersion: 'example/v1',
 *   kind: 'Greeting',
 *   plural: 'greetings',
 *   namespaced: true,
 * })
 * const store = createStore({ kinds: [Greeting] })
 * const manager = createManager({ client: store })
 * manager.add(createController({
 *   name: 'greeter',
 *   for: Greeting,
 *   reconcile: async (key, greeting, { client }) => {
 *     if (greeting === undefined) return
 *     await client.modifyStatus(Greeting, key, draft => {
 *       draft.status = { text: `Hello, ${greeting.spec.name}` }
 *     })
 *   },
 * }))
 * await manager.start()
 * await store.create(Greeting, { metadata: { namespace: 'default', name: 'a' }, spec: { name: 'Ada' } })
 * await manager.settled()
 * assert.equal(store.get(Greeting, { namespace: 'default', name: 'a' })?.status?.text, 'Hello, Ada')
 * await manager.stop()
 * ```
 */
export function createController<Spec, Status, const Watched extends readonly Kind[] = readonly Kind[]>(
  options: ControllerOptions<Spec, Status, Watched>,
): Controller {
  assertControllerOptions(options)
  return new ControlLoop(options as unknown as ControllerOptions<Spec, Status>)
}
