import { describe, expect, test } from 'vitest'
import { proveProgram } from '../../src/testing/index.js'
import { countsPresets } from './invariants/presets.js'

describe.each(Object.entries(countsPresets))('%s', (_name, program) => {
  test('proves to have a way there and a way back', () => {
    const { problems } = proveProgram(program, { upTo: 3 })
    expect(problems.filter(({ kind }) => kind !== 'outage')).toEqual([])
  })
})
