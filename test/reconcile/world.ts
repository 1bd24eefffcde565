import type { Controller, ControllerOptions, Manager } from '../../src/reconcile/index.js'
import { createController, createManager } from '../../src/reconcile/index.js'
import type { Kind, ObjectInput, ObjectRef, Store } from '../../src/store/index.js'
import { createStore, defineKind } from '../../src/store/index.js'
import type { VirtualEnv } from '../../src/testing/index.js'
import { createVirtualEnv } from '../../src/testing/index.js'

export interface WidgetSpec {
  readonly size: number
  readonly secrets?: readonly ObjectRef[]
}
export interface WidgetStatus {
  readonly size: number
}

export const Widget: Kind<WidgetSpec, WidgetStatus> = defineKind({
  apiVersion: 'example/v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
})
export const Part: Kind<{ readonly of?: string }> = defineKind({
  apiVersion: 'v1',
  kind: 'Part',
  plural: 'parts',
  namespaced: true,
})
export const Secret: Kind<{ readonly value: string }> = defineKind({
  apiVersion: 'v1',
  kind: 'Secret',
  plural: 'secrets',
  namespaced: true,
})

export interface World {
  readonly env: VirtualEnv
  readonly store: Store
  readonly manager: Manager
  readonly controller: Controller
}

type WidgetOptions = Omit<ControllerOptions<WidgetSpec, WidgetStatus>, 'name' | 'for'>

/** One controller of widgets over a store, started, with everything under virtual time. */
export async function startWorld(options: WidgetOptions, seed: number = 1): Promise<World> {
  const env = createVirtualEnv({ seed })
  const store = createStore({ kinds: [Widget, Part, Secret], env })
  const manager = createManager({ client: store })
  const controller = createController({ name: 'widgets', for: Widget, ...options })
  manager.add(controller)
  await env.run(() => manager.start())
  return { env, store, manager, controller }
}

export function ref(name: string): ObjectRef {
  return { namespace: 'default', name }
}

export function widget(name: string, spec: WidgetSpec = { size: 1 }): ObjectInput<WidgetSpec, WidgetStatus> {
  return { metadata: { namespace: 'default', name }, spec }
}

/** Writes through the store, and lets virtual time stand still until everything that follows at once is done. */
export async function resize({ env, store }: World, name: string, size: number): Promise<void> {
  await env.run(() =>
    store.modify(Widget, ref(name), draft => {
      draft.spec.size = size
    }),
  )
  await env.settle()
}
