import type { Controller, ControllerOptions, Manager } from '../../src/reconcile/index.js'
import { createController } from '../../src/reconcile/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { ref, Widget } from '../fixtures/kinds.js'
import type { World } from '../fixtures/world.js'
import { createWorld } from '../fixtures/world.js'

type WidgetOptions = Omit<ControllerOptions<WidgetSpec, WidgetStatus>, 'name' | 'for'>

/** A world with one controller, and it is of widgets. */
export interface WidgetWorld extends World {
  readonly manager: Manager
  readonly controller: Controller
}

export async function startWorld(options: WidgetOptions, seed?: number): Promise<WidgetWorld> {
  const world = createWorld(seed === undefined ? {} : { seed })
  const controller = createController({ name: 'widgets', for: Widget, ...options })
  return { ...world, controller, manager: await world.start(controller) }
}

/** A recipe of `modify`. */
export function grow(draft: { spec: { size?: number } }): void {
  draft.spec.size = (draft.spec.size ?? 0) + 1
}

/** Writes through the store, and lets virtual time stand still until everything that follows at once is done. */
export async function resize(
  { env, store }: Pick<World, 'env' | 'store'>,
  name: string,
  size: number,
): Promise<void> {
  await env.run(() =>
    store.modify(Widget, ref(name), draft => {
      draft.spec.size = size
    }),
  )
  await env.settle()
}
