/** A slot of a replicated set. */
export interface SlotView {
  /** 1 and up. */
  readonly slot: number
  /** The node of its one task. Absent: it has none yet, or several tasks. */
  readonly node?: string
  readonly running: boolean
}

/**
 * The slots in the order in which a shrinking set keeps them: those that are the first copy on their node, then the second
 * copies, and so on; last those without a node of their own. Among equals what runs is kept before what does not, then the
 * lower number. So a node with many copies gives up before one with few. Pure; as SwarmKit, but stable.
 */
export function slotsByKeeping(slots: readonly SlotView[]): readonly SlotView[] {
  const ordered = slots.toSorted((a, b) => Number(b.running) - Number(a.running) || a.slot - b.slot)
  const copies = new Map<string, number>()
  const ranked = ordered.map(view => {
    if (view.node === undefined) return { view, copy: Number.POSITIVE_INFINITY }
    const copy = copies.get(view.node) ?? 0
    copies.set(view.node, copy + 1)
    return { view, copy }
  })
  return ranked.sort((a, b) => (a.copy === b.copy ? 0 : a.copy - b.copy)).map(({ view }) => view)
}
