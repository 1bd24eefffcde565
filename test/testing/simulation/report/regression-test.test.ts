import { describe, expect, test } from 'vitest'
import { codeText } from '../../../../src/testing/simulation/report/code-text.js'
import { regressionTest } from '../../../../src/testing/simulation/report/regression-test.js'
import { hasty, objects, Page, Site } from '../../fixtures/sites.js'

describe('a regression test', () => {
  const failed = { make: hasty, invariant: 'converges', replay: 'v2:b:1:1:x' }
  const optionsOf = (more: object): string =>
    regressionTest({ ...failed, options: { kinds: [Site, Page], objects, ...more } })

  test('has the options of the check but those that say how much is looked at', () => {
    const text = optionsOf({ faults: { crash: 2 }, instances: 2, seed: 7, executions: 9, replay: 'v2:old' })
    expect(text).toContain('    faults: { crash: 2 },\n    instances: 2,\n')
    expect(text).not.toMatch(/seed|executions|old/)
  })

  test('leaves to fill in what cannot be written down, or is long', () => {
    const text = optionsOf({
      incidents: [{ name: 'flood', run: () => {} }],
      objects: Array(30).fill(objects[0]),
    })
    expect(text).toContain("import { make, Site, Page, objects, incidents } from '…'")
    expect(text).toContain('    objects,\n    incidents,\n')
  })

  test('is called after the function under test, where that has a name', () => {
    function sites(): [] {
      return []
    }
    const text = regressionTest({ ...failed, make: sites, options: { kinds: [Site], objects } })
    expect(text).toContain("test('sites: converges', async () => {\n  await check(sites, {\n")
  })
})

test.each([
  [{ a: 1, 'b-c': ["it's", true, null] }, "{ a: 1, 'b-c': ['it\\'s', true, null] }"],
  [{ a: { b: {} }, c: [], d: undefined }, '{ a: { b: {} }, c: [] }'],
  ['line\nend "x" \\', '\'line\\nend "x" \\\\\''],
  [-1.5, '-1.5'],
])('%j is written as code', (value, code) => {
  expect(codeText(value)).toBe(code)
})

test.each([[() => {}], [{ a: [() => {}] }], [new Map()], [Number.NaN], [new Date(0)]])(
  '%o cannot be written as code',
  value => {
    expect(codeText(value)).toBeUndefined()
  },
)

test('what is long is written over several lines', () => {
  const text = codeText({ items: Array.from({ length: 12 }, (_, at) => `number ${at}`), ok: true })
  expect(text?.split('\n')).toHaveLength(17)
})
