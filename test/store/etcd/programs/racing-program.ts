import { isKeelsonError, systemEnv } from '../../../../src/core/index.js'
import { connectStore } from '../../../../src/store/etcd/index.js'
import { ref, Widget, widget } from '../../../fixtures/kinds.js'

// One of several processes that write to the same objects of one etcd. It says what it has achieved.

const [, , endpoint = '', name = '', rounds = '0'] = process.argv
const store = await connectStore({ kinds: [Widget], env: systemEnv, etcd: { endpoints: [endpoint] } })
const made: string[] = []
let added = 0
let moved = 0
for (let round = 0; round < Number(rounds); round++) {
  // Who is first has it.
  await store.create(Widget, widget(`seat-${round}`, { node: name })).then(
    object => void made.push(object.metadata.name),
    error => {
      if (!isKeelsonError(error, 'AlreadyExists')) throw error
    },
  )
  // Everybody's addition counts.
  await store.modify(Widget, ref('sum'), draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
  added++
  // Both or neither.
  await store.transact(tx => {
    tx.modify(Widget, ref('left'), draft => void (draft.spec.size = (draft.spec.size ?? 0) - 1))
    tx.modify(Widget, ref('right'), draft => void (draft.spec.size = (draft.spec.size ?? 0) + 1))
  })
  moved++
}
await store.close()
process.stdout.write(`${JSON.stringify({ made, added, moved })}\n`)
