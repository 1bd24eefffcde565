import { expect, test } from 'vitest'
import { check } from '../../../src/testing/index.js'
import { gallery } from '../../testing/gallery/gallery.js'

test.each(gallery)('$name is not found where it is not', async ({ correct, kinds, objects }) => {
  await expect(check(correct, { kinds, objects })).resolves.toMatchObject({ bounds: expect.any(String) })
})
