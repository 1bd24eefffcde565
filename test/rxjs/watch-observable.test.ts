import type { Observable } from 'rxjs'
import { concatMap, from, NEVER, tap } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { fromWatch, listAndWatch$, watch$ } from '../../src/rxjs/index.js'
import type { Store, StoredObject, Watch, WatchBatch } from '../../src/store/index.js'
import { listAndWatch } from '../../src/store/index.js'
import type { WidgetSpec, WidgetStatus } from '../fixtures/kinds.js'
import { Part, ref, Secret, Widget, widget } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

function world(logCapacity = 1_000) {
  const { env, store } = createWorld({ logCapacity })
  return { env, store, make: (name: string) => store.create(Widget, widget(name)) }
}

type Named = WatchBatch<{ readonly metadata: { readonly name: string } }>

/** Everything that an observable says, a line each. */
function heard(observable: Observable<Named>): string[] {
  const lines: string[] = []
  observable.subscribe({
    next: ({ revision, since, events }) => {
      const range = since === undefined ? String(revision) : `${since}-${revision}`
      lines.push([range, ...events.map(({ type, object }) => `${type} ${object.metadata.name}`)].join(' '))
    },
    error: error => lines.push(`error ${String((error as { code?: string }).code)}`),
    complete: () => lines.push('complete'),
  })
  return lines
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

  test('several kinds are one stream, typed as either', async () => {
    const { env, store } = world()
    const told: unknown[] = []
    watch$(store, [Widget, Secret]).subscribe(({ events }) => {
      for (const { object } of events)
        told.push('value' in object.spec ? object.spec.value.length : object.spec.size?.toFixed(1))
    })
    await store.transact(tx => {
      tx.create(Widget, widget('a'))
      tx.create(Secret, { metadata: ref('a'), spec: { value: 'abc' } })
    })
    await env.settle()
    expect(told).toEqual(['1.0', 3])
  })

  test('a consumer that is too slow is an error, after which nothing comes', async () => {
    const { env, store, make } = world(2)
    const lines = heard(watch$(store, Widget))
    await make('a')
    await env.settle()
    for (const name of ['b', 'c', 'd']) await make(name)
    await env.settle()
    await make('e')
    await env.settle()
    expect(lines).toEqual(['1 ADDED a', 'error SlowConsumer'])
  })

  type Convert = (
    watch: Watch<StoredObject<WidgetSpec, WidgetStatus>>,
  ) => Observable<{ readonly revision: number }>
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

  const opened: readonly [string, (store: Store) => Watch<StoredObject>][] = [
    ['a watch', store => store.watch(Widget)],
    ['a watch of several kinds', store => store.watch([Widget, Part])],
    ['listAndWatch', store => listAndWatch(store, Widget)],
  ]
  describe.each(opened)('fromWatch of %s', (_name, open) => {
    test('has one subscriber; a second one is told so, and the first goes on', async () => {
      const { env, store, make } = world()
      const changes = fromWatch(open(store))
      const first = heard(changes)
      expect(heard(changes)).toEqual(['error Usage'])
      await make('a')
      await env.settle()
      expect(first.at(-1)).toBe('1 ADDED a')
    })

    test('completes when the watch is closed already', () => {
      const watch = open(world().store)
      watch.close()
      expect(heard(fromWatch(watch))).toEqual(['complete'])
    })

    test('leaves nothing to be done once it is unsubscribed', async () => {
      const { env, store, make } = world()
      const watch = open(store)
      fromWatch(watch)
        .subscribe(() => {})
        .unsubscribe()
      await make('a')
      expect(env.pending()).toEqual([])
    })
  })
})

describe('listAndWatch as an observable', () => {
  test('each subscription begins with what exists, and completes with the store', async () => {
    const { env, store, make } = world()
    await make('a')
    const changes = listAndWatch$(store, Widget)
    const first = heard(changes)
    await make('b')
    const second = heard(changes)
    await env.settle()
    await store.close()
    expect(first).toEqual(['1 ADDED a', '2 ADDED b', 'complete'])
    expect(second).toEqual(['2 ADDED a ADDED b', 'complete'])
  })

  test('a gap is one batch, no error', async () => {
    const { env, store, make } = world(2)
    const lines = heard(listAndWatch$(store, [Widget, Part]))
    await env.settle()
    for (const name of ['a', 'b', 'c', 'd']) await make(name)
    await env.settle()
    expect(lines).toEqual(['0', '0-4 ADDED a ADDED b ADDED c ADDED d'])
  })

  test('unsubscribing closes the watch, and what it waits for', async () => {
    const { env, store, make } = world()
    const subscription = listAndWatch$(store, Widget).subscribe(() => {})
    await env.settle()
    subscription.unsubscribe()
    await make('a')
    expect(env.pending()).toEqual([])
  })
})

describe('an observable cannot push back', () => {
  const bufferLimit = 3
  const options = { slowConsumer: 'coalesce', bufferLimit } as const

  async function makeMany({ env, make }: ReturnType<typeof world>): Promise<void> {
    for (let index = 0; index < 50; index++) {
      await make(`w${index}`)
      await env.settle()
    }
  }

  test('an operator that holds values back holds all of them, whatever the policy', async () => {
    const { env, store, make } = world()
    const arrived: number[] = []
    const handled: number[] = []
    watch$(store, Widget, options)
      .pipe(
        tap(({ revision }) => arrived.push(revision)),
        concatMap(({ revision }) => {
          handled.push(revision)
          return NEVER
        }),
      )
      .subscribe()
    await makeMany({ env, store, make })
    expect(handled).toEqual([1])
    expect(arrived).toHaveLength(50)
  })

  test('coalesce bounds what waits for a delivery step', async () => {
    const { env, store, make } = world()
    const lines = heard(watch$(store, Widget, options))
    for (let index = 0; index < 50; index++) await make(`w${index}`)
    await env.settle()
    expect(lines.length).toBeLessThanOrEqual(bufferLimit + 1)
    expect(lines.flatMap(line => line.match(/ADDED/g))).toHaveLength(50)
  })

  test('coalesce bounds what waits for a slow handler that reads the watch itself', async () => {
    const { env, store, make } = world()
    const batches: number[] = []
    let events = 0
    async function* handleSlowly(): AsyncGenerator<number> {
      for await (const batch of store.watch(Widget, options)) {
        await env.clock.sleep(1_000)
        events += batch.events.length
        yield batch.revision
      }
    }
    from(handleSlowly()).subscribe(revision => batches.push(revision))
    await makeMany({ env, store, make })
    expect(batches).toEqual([])
    await env.advance(10_000)
    expect(batches.length).toBeLessThanOrEqual(1 + bufferLimit + 1)
    expect(events).toBe(50)
  })
})
