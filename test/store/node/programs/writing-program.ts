import { systemEnv } from '../../../../src/core/index.js'
import { openStore } from '../../../../src/store/node/index.js'
import { kindOf } from '../../../fixtures/kinds.js'

// Counts as fast as it can, and tells what is acknowledged. Somebody kills it.

const [, , dir = ''] = process.argv
const Counter = kindOf<{ n: number; padding?: string }>('Counter')
const store = await openStore({
  kinds: [Counter],
  dir,
  env: systemEnv,
  logCapacity: 200,
  segmentBytes: 32_768,
  checkpointBytes: 65_536,
})
/** Resolves when the system has the line: what waits in memory is lost with the process. */
const tell = (line: object): Promise<void> =>
  new Promise(resolve => void process.stdout.write(`${JSON.stringify(line)}\n`, () => resolve()))
await tell({ opened: store.revision })

async function count(names: readonly string[]): Promise<void> {
  for (;;) {
    const { n, revision } = await store.transact(tx => {
      const counted = names.map(name => {
        const ref = { namespace: 'default', name }
        const found = tx.get(Counter, ref)
        if (found === undefined) return tx.create(Counter, { metadata: ref, spec: { n: 1 } })
        const padding = 'x'.repeat((found.spec.n * 97) % 700)
        return tx.modify(Counter, ref, draft => void (draft.spec = { n: found.spec.n + 1, padding }))
      })
      return { n: counted[0]?.spec.n, revision: tx.revision + 1 }
    })
    await tell({ names, n, revision })
  }
}

for (let writer = 0; writer < 8; writer++) void count([`single-${writer}`])
for (let writer = 0; writer < 4; writer++) void count([`left-${writer}`, `right-${writer}`])
