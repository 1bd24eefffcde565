import { from, type Observable } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromWatch, watch$ } from '../../src/rxjs/index.js'
import { createStore, defineKind, type Store, type StoredObject, type Watch } from '../../src/store/index.js'
import { createVirtualEnv, type VirtualEnv } from '../../src/testing/index.js'

const Widget = defineKind<{ size: number }>({
  apiVersion: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
})

function world(): { env: VirtualEnv; store: Store; make(name: string): Promise<unknown> } {
  const env = createVirtualEnv()
  const store = createStore({ kinds: [Widget], env })
  const make = (name: string): Promise<unknown> =>
    store.create(Widget, { metadata: { namespace: 'default', name }, spec: { size: 1 } })
  return { env, store, make }
}

describe('watch as an observable', () => {
  test('each subscription is a watch of its own, and closing the store completes it', async () => {
    const { env, store, make } = world()
    const seen: (number | string)[][] = [[], []]
    const changes = watch$(store, Widget)
    changes.subscribe({
      next: batch => seen[0]?.push(batch.revision),
      complete: () => seen[0]?.push('complete'),
    })
    await make('a')
    changes.subscribe(batch => seen[1]?.push(batch.revision))
    await make('b')
    await env.settle()
    await store.close()
    expect(seen).toEqual([[1, 2, 'complete'], [2]])
  })

  test('unsubscribing closes the watch, also from within next', async () => {
    const { env, store, make } = world()
    const seen: number[] = []
    const subscription = watch$(store, Widget).subscribe(batch => {
      seen.push(batch.revision)
      subscription.unsubscribe()
    })
    await make('a')
    await make('b')
    await env.settle()
    await make('c')
    await env.settle()
    expect(seen).toEqual([1])
  })

  test('a start in the future is an error of the observable', () => {
    const { store } = world()
    const errors: unknown[] = []
    watch$(store, Widget, { since: 9 }).subscribe({ error: error => errors.push(error) })
    expect(errors).toMatchObject([{ code: 'FutureRevision' }])
  })

  type Convert = (watch: Watch<StoredObject<{ size: number }>>) => Observable<{ readonly revision: number }>
  const conversions: readonly [string, Convert][] = [
    ['fromWatch', fromWatch],
    ['rxjs from', watch => from(watch)],
  ]
  test.each(conversions)(
    '%s of an open watch delivers, and unsubscribing closes that watch',
    async (_name, convert) => {
      const { env, store, make } = world()
      const watch = store.watch(Widget)
      const seen: number[] = []
      const subscription = convert(watch).subscribe(batch => seen.push(batch.revision))
      await make('a')
      await env.settle()
      subscription.unsubscribe()
      await make('b')
      await env.settle()
      expect(seen).toEqual([1])
    },
  )
})
