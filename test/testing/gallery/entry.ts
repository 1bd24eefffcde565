import type { Kind, ObjectInput } from '../../../src/store/index.js'
import type { MakeParts } from '../../../src/testing/index.js'

/** A reconciler with one bug, and the same without it. */
export interface GalleryEntry {
  readonly name: string
  readonly kinds: readonly Kind[]
  readonly objects: readonly ObjectInput[]
  readonly buggy: MakeParts
  readonly correct: MakeParts
}
