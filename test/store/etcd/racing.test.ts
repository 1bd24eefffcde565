import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemEnv } from '../../../src/core/index.js'
import { connectStore } from '../../../src/store/etcd/index.js'
import { kindOf, ref, Widget, widget } from '../../fixtures/kinds.js'
import type { ProgramRun } from '../node/program-run.js'
import { bundleProgram, runProgram } from '../node/program-run.js'
import { canRunEtcd, EtcdServer } from './etcd-server.js'

interface Line {
  readonly made: readonly string[]
  readonly added: number
  readonly moved: number
}

const ROUNDS = 20

describe.runIf(canRunEtcd)('stores of several processes', () => {
  let server: EtcdServer
  let folder: string
  beforeAll(async () => {
    server = await EtcdServer.start()
    folder = mkdtempSync(join(tmpdir(), 'keelson-racing-'))
  })
  afterAll(async () => {
    await server.close()
    rmSync(folder, { recursive: true, force: true })
  })

  test('race on the same keys: one is first, no addition is lost, transactions are whole', async () => {
    const store = await connectStore({ kinds: [Widget], etcd: { endpoints: [server.endpoint] } })
    for (const name of ['sum', 'left', 'right']) await store.create(Widget, widget(name, { size: 0 }))
    const sums: number[] = []
    store.watch(Widget).on(() => {
      const sizeOf = (name: string): number => store.get(Widget, ref(name))?.spec.size ?? 0
      sums.push(sizeOf('left') + sizeOf('right'))
    })
    const program = await bundleProgram('racing-program', folder, join(import.meta.dirname, 'programs'))
    const runs = ['one', 'two'].map(
      (name): ProgramRun<Line> => runProgram(program, [server.endpoint, name, String(ROUNDS)]),
    )
    const lines = await Promise.all(runs.map(run => run.until(() => true)))
    await store.sync()
    expect(lines.flatMap(({ made }) => made).sort()).toEqual(
      Array.from({ length: ROUNDS }, (_, round) => `seat-${round}`).sort(),
    )
    for (const [index, name] of ['one', 'two'].entries()) {
      const mine = store.list(Widget, { index: { name: 'node', value: name } }).items
      expect(mine.map(({ metadata }) => metadata.name).sort()).toEqual([...(lines[index]?.made ?? [])].sort())
    }
    expect(store.get(Widget, ref('sum'))?.spec.size).toBe(2 * ROUNDS)
    expect(store.get(Widget, ref('right'))?.spec.size).toBe(2 * ROUNDS)
    expect(new Set(sums)).toEqual(new Set([0]))
    await Promise.all(runs.map(run => run.kill()))
    await store.close()
  })

  test('a unique value has one holder, and a list that was read has no phantom', async () => {
    const Seat = kindOf<{ at: string }>('Seat', {
      indexes: { at: seat => seat.spec.at },
      uniqueIndexes: ['at'],
    })
    const open = () =>
      connectStore({
        kinds: [Seat],
        env: systemEnv,
        etcd: { endpoints: [server.endpoint], prefix: '/seats' },
      })
    const stores = await Promise.all([open(), open(), open()])
    const taken = await Promise.allSettled(
      stores.map((store, index) =>
        store.create(Seat, { metadata: ref(`s${index}`), spec: { at: 'window' } }),
      ),
    )
    expect(taken.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected'])
    for (const one of taken)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'UniqueViolation' })
    // Each writes only if there are fewer than five: together they make five.
    const fill = await Promise.all(
      stores.map(async (store, index) => {
        let made = 0
        for (let round = 0; round < 5; round++) {
          const isMade = await store.transact(tx => {
            if (tx.count(Seat) >= 5) return false
            tx.create(Seat, { metadata: ref(`f${index}-${round}`), spec: { at: `f${index}-${round}` } })
            return true
          })
          if (isMade) made++
        }
        return made
      }),
    )
    await stores[0]?.sync()
    expect(fill.reduce((sum, made) => sum + made, 1)).toBe(5)
    expect(stores[0]?.count(Seat)).toBe(5)
    // A value that is let go of is free, for everybody.
    const [one, two] = stores
    const holder = one?.list(Seat, { index: { name: 'at', value: 'window' } }).items[0]
    await one?.delete(Seat, holder?.metadata ?? ref(''))
    await two?.create(Seat, { metadata: ref('next'), spec: { at: 'window' } })
    for (const store of stores) await store.close()
  })
})
