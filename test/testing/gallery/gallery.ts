import { entriesOfAbsence } from './entries-of-absence.js'
import { entriesOfCreation } from './entries-of-creation.js'
import { entriesOfDeletion } from './entries-of-deletion.js'
import { entriesOfLeadership } from './entries-of-leadership.js'
import { entriesOfStatus } from './entries-of-status.js'
import type { GalleryEntry } from './entry.js'

/** Every bug that a check must find by itself. */
export const gallery: readonly GalleryEntry[] = [
  ...entriesOfCreation,
  ...entriesOfDeletion,
  ...entriesOfLeadership,
  ...entriesOfStatus,
  ...entriesOfAbsence,
]

/** The bug of this name. */
export function galleryEntry(name: string): GalleryEntry {
  const entry = gallery.find(one => one.name === name)
  if (entry === undefined) throw new Error(`the gallery has no ${name}`)
  return entry
}
