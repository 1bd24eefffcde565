import { describe, expect, test } from 'vitest'
import { adoptJson } from '../../src/store/json/json-border.js'
import { checkBorder } from './laws/border-law.js'

describe('the border', () => {
  test('takes in an equal frozen copy that shares what is unchanged, and refuses what is not JSON', () => {
    checkBorder(2_000)
  })

  test('takes nothing from a prototype that somebody has added to', () => {
    const added = { configurable: true, enumerable: true, value: 'inherited', writable: true }
    Object.defineProperty(Object.prototype, 'added', added)
    try {
      const options = { subject: 'Widget a', field: 'spec' }
      const taken = adoptJson({ size: 1, color: { name: 'red' } }, undefined, options) as object
      expect(Object.keys(taken)).toEqual(['size', 'color'])
      expect(adoptJson({ size: 1, color: { name: 'red' } }, taken, options)).toBe(taken)
      const revised = adoptJson({ size: 1, color: { name: 'blue' } }, taken, options) as object
      expect(Object.keys(revised)).toEqual(['size', 'color'])
      const hidden = Object.defineProperty({ size: 1 }, 'hidden', { value: 2 })
      expect(() => adoptJson(hidden, undefined, options)).toThrow('hidden')
    } finally {
      Reflect.deleteProperty(Object.prototype, 'added')
    }
  })
})
