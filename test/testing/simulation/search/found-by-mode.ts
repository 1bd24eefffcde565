import { describe, expect, test } from 'vitest'
import type { SearchMode } from '../../../../src/testing/index.js'
import { CheckFailedError, check } from '../../../../src/testing/index.js'
import { galleryEntry } from '../../gallery/gallery.js'

/** Declares that a mode finds a bug of the gallery, the same each time, and not in its sound twin. */
export function foundByMode(mode: SearchMode, name: string): void {
  describe(`${mode}: ${name}`, () => {
    const { buggy, correct, ...world } = galleryEntry(name)
    const given = {
      kinds: world.kinds,
      objects: world.objects,
      mode,
      executions: 300,
      executionsMax: 100_000,
    }

    test('is found, the same each time', async () => {
      const look = async (): Promise<unknown> => await check(buggy, given).catch((error: unknown) => error)
      const failure = await look()
      expect(failure).toBeInstanceOf(CheckFailedError)
      expect(String(await look())).toBe(String(failure))
      const { replay } = failure as CheckFailedError
      await expect(check(buggy, { ...given, replay })).rejects.toThrow(
        (failure as Error).message.split('\n')[0],
      )
    })

    test('is not found where it is not', async () => {
      await expect(check(correct, { ...given, executions: 60 })).resolves.toMatchObject({
        complete: false,
      })
    })
  })
}
