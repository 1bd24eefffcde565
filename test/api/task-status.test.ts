import { describe, expect, test } from 'vitest'
import { Task } from '../../src/api/index.js'
import { ref } from '../fixtures/kinds.js'
import { createWorld } from '../fixtures/world.js'

async function written(status: unknown): Promise<unknown> {
  const { store } = createWorld({ kinds: [Task] })
  await store.create(Task, { metadata: ref('a'), spec: {} })
  return store
    .modifyStatus(Task, ref('a'), draft => void Object.assign(draft, { status }))
    .then(
      ({ status: stored }) => stored,
      (error: unknown) => error,
    )
}

const served = { containerPort: 0, hostPort: 31_000, protocol: 'TCP' }

describe('the status of a task', () => {
  test('as a node writes it is taken', async () => {
    const status = { phase: 'Running', address: '10.0.0.1', ports: [served], exitCode: 0 }
    expect(await written(status)).toEqual(status)
  })

  test.each([
    ['ports by name', { ports: { http: 1 } }, 'status.ports'],
    ['a port of other fields', { ports: [{ name: 'http', port: 1 }] }, 'status.ports[0]'],
    ['a port that there is not', { ports: [{ ...served, hostPort: 70_000 }] }, 'status.ports[0].hostPort'],
    ['a phase of pods', { phase: 'Unknown' }, 'status.phase'],
    ['a field of pods', { podIP: '10.0.0.1' }, 'status'],
  ])('with %s is refused', async (_what, status, field) => {
    const problems = expect.arrayContaining([expect.objectContaining({ field })])
    expect(await written(status)).toMatchObject({ code: 'Invalid', details: { problems } })
  })
})
