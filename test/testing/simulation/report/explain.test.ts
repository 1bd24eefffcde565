import { describe, expect, test } from 'vitest'
import { createController, requeueAfter } from '../../../../src/reconcile/index.js'
import type { MakeParts, Simulation } from '../../../../src/testing/index.js'
import { simulate } from '../../../../src/testing/index.js'
import { optionsHash } from '../../../../src/testing/simulation/report/options-hash.js'
import { formatReplay, shortHash } from '../../../../src/testing/simulation/report/replay-text.js'
import { careful, objects, Page, Site } from '../../fixtures/sites.js'

const options = { kinds: [Site, Page], objects }

/** Of no choices: everything in its order. */
function undisturbed(make: MakeParts = careful): Promise<Simulation> {
  const replay = formatReplay({ check: optionsHash(options), seed: 1, choices: [], way: shortHash([]) })
  return simulate(make, { ...options, replay })
}

describe('a key', () => {
  test('ran because of what was delivered, written by whom', async () => {
    const { explain, trace } = await undisturbed()
    const runs = trace.flatMap(({ kind }, at) => (kind === 'reconcile' ? [at + 1] : []))
    const lines = explain('a').split('\n')
    expect(lines.filter(line => line.startsWith('step')).map(line => Number(/\d+/.exec(line)?.[0]))).toEqual(
      runs,
    )
    expect(lines[1]).toMatch(/^ {2}step \d+: Site a @1, by user: create Site a$/)
    expect(lines.join()).toMatch(/Site a @3, by app-1: modifyStatus Site a/)
  })

  test('ran because a timer fired', async () => {
    const polling = () =>
      createController({
        name: 'sites',
        for: Site,
        reconcile: (_key, site) => (site === undefined ? undefined : requeueAfter(60_000)),
      })
    const { explain } = await undisturbed(polling)
    expect(explain('a')).toMatch(/reconcile sites a\n {2}step \d+: a timer fired, at 1 min/)
  })

  test('that never ran says so', async () => {
    expect((await undisturbed()).explain('b')).toBe('b was never reconciled')
  })
})

describe('a moment', () => {
  test('is the world after a step', async () => {
    const { at, trace } = await undisturbed()
    const created = trace.findIndex(({ label }) => label === 'create Site a') + 1
    expect(at(0)).toEqual({ timeMs: 0, revision: 0, objects: [] })
    expect(at(created - 1).objects).toEqual([])
    expect(at(created)).toMatchObject({ revision: 1, objects: [{ kind: 'Site', metadata: { name: 'a' } }] })
    expect(at(trace.length).timeMs).toBe(trace.at(-1)?.timeMs)
  })

  test.each([-1, 0.5, 10_000])('%d does not exist', async step => {
    const { at } = await undisturbed()
    expect(() => at(step)).toThrow(/there is no step/)
  })
})
