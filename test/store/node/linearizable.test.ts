import { describe, expect, test } from 'vitest'
import { checkLinearizable } from '../linearizability/check-linearizable.js'
import { counterStore } from '../linearizability/object-model.js'
import type { Fault } from './faulty-history.js'
import { expectToldOnce, FAULTS, faultyHistory } from './faulty-history.js'

/** `npm run test:crash` asks for more. */
const HISTORIES = Number(process.env['KEELSON_HISTORIES'] ?? 20)

describe.each(['always', 'interval'] as const)(
  'clients of a store that ends and is opened again, fsync %s',
  fsync => {
    test('find what was acknowledged in one order, and durable watches tell each revision once', async () => {
      const met = new Set<Fault>()
      let lostCalls = 0
      for (let seed = 1; seed <= HISTORIES; seed++) {
        const history = await faultyHistory(`${fsync} ${seed}`, fsync)
        const found = checkLinearizable(history.recorder.operations, counterStore)
        expect(found, `history ${seed}`).toMatchObject({ isLinearizable: true })
        expectToldOnce(history)
        for (const fault of history.faults) met.add(fault)
        lostCalls += history.lostCalls
      }
      // How many calls a crash cuts off depends on the machine; with few of them the histories would show nothing.
      expect(lostCalls).toBeGreaterThan(HISTORIES / 4)
      expect([...met].toSorted()).toEqual(
        FAULTS.filter(fault => fsync === 'always' || !fault.includes('power')).toSorted(),
      )
    })
  },
)
