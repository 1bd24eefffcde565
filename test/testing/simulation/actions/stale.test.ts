import { describe, expect, test } from 'vitest'
import { createController } from '../../../../src/reconcile/index.js'
import type { Client, WatchBatch } from '../../../../src/store/index.js'
import type { MakeParts } from '../../../../src/testing/index.js'
import { check } from '../../../../src/testing/index.js'
import { App, app, Pod, podOf, podsOf } from '../../fixtures/apps.js'
import { only } from './only.js'

const objects = [app('web', { replicas: 1 })]
const world = { kinds: [App, Pod], objects }
const faults = {
  ...only('stale', { times: 1, rate: 16 }),
  crash: { times: 1, rate: 1 },
  edit: { times: 1, rate: 1 },
}

interface Told {
  readonly process: string
  readonly revision: number
  readonly isFirst: boolean
}

/** Notes what its watch is told. */
const listener =
  (told: Told[]): MakeParts =>
  ({ name }) => {
    let stop = (): void => {}
    return {
      name: 'listener',
      start: (client: Client) => {
        const note = ({ revision, initialEventsEnd }: WatchBatch<unknown>): void =>
          void told.push({ process: name, revision, isFirst: initialEventsEnd === true })
        stop = client.watch(App, { sendInitialEvents: true }).on(note)
      },
      stop: () => stop(),
    }
  }

describe('a process that starts at a replica which is behind', () => {
  test('is shown what there was, then every change since, in order, and nothing twice', async () => {
    const told: Told[] = []
    const report = await check(listener(told), { ...world, faults, executions: 300 })
    expect(report.executions).toBe(303)
    const late = told.filter(
      ({ isFirst, revision }, at) => isFirst && (told[at + 1]?.revision ?? 0) > revision,
    )
    expect(late.length).toBeGreaterThan(0)
    for (const [at, { process, revision }] of told.entries()) {
      const next = told[at + 1]
      if (next?.process === process && !next.isFirst) expect(next.revision).toBeGreaterThan(revision)
    }
  })

  test('makes again what it does not see, unless it looks or has names of its own', async () => {
    const making =
      (isCareful: boolean): MakeParts =>
      () =>
        createController({
          name: 'apps',
          for: App,
          owns: [Pod],
          reads: 'cache',
          reconcile: async ({ name }, owner, { client }) => {
            if (owner === undefined || podsOf(owner, client.list(Pod).items).length > 0) return
            const pod = podOf(owner, isCareful ? `${name}-${owner.metadata.uid}` : undefined)
            await client.create(Pod, pod).catch((error: { code?: string }) => {
              if (error.code !== 'AlreadyExists') throw error
            })
          },
        })
    const options = { ...world, executions: 300, faults: { ...faults, edit: 0 } }
    const found = check(making(false), options)
    await expect(found).rejects.toThrow(/a replica that has come to @\d+/)
    await expect(check(making(true), options)).resolves.toBeDefined()
  })

  test('is not for an exhaustive search', async () => {
    await expect(check(listener([]), { ...world, mode: 'exhaustive', faults: { stale: 1 } })).rejects.toThrow(
      /faults\.stale: must be 0 in an exhaustive search/,
    )
  })
})
